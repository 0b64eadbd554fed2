"""What workers hear of one another comes to each in the order in which it was told."""

import asyncio
import time

from reco_lab.services.ad_sharing import Sharing


class Told:
    """A log that is asked twice at once, and whose first answer, which knows less, takes longer."""

    def __init__(self):
        self.asked = 0

    def told_of(self, after):
        self.asked += 1
        mine = self.asked
        if mine == 1:
            time.sleep(0.3)
        found = {1: ("p_ann", {"consent": "yes"})} if mine == 1 else {2: ("p_ann", {"consent": "no"})}
        return {number: one for number, one in found.items() if number > after}


def test_a_wish_that_was_read_late_does_not_undo_a_later_one():
    heard = {}

    async def listen():
        sharing = Sharing(Told(), None)

        async def hear():
            heard.update(await sharing.news())

        await asyncio.gather(hear(), hear())

    asyncio.run(listen())
    assert heard == {"p_ann": {"consent": "no"}}
