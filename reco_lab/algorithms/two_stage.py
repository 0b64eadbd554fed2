from typing import ClassVar

from pydantic import field_validator

from reco_lab.algorithms._lessons import Lesson
from reco_lab.algorithms._parts import Specs, fit_parts, named, popularity_for, restored_parts
from reco_lab.algorithms._reranking import Growth, Reranked, about_items, learn_forest
from reco_lab.algorithms._trees import Forest
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import ParameterError
from reco_lab.core.parameters import tunable
from reco_lab.core.recommender import FitContext, Info, Need, Recommender, Scorer, State


class TwoStage(Recommender):
    """Several recommenders pick candidates, boosted trees put them in order by all that is known of each.

    The trees look at every part's score, at the item's popularity, freshness and numbers, and at the length of
    the history. They learn on the validation part which candidates customers really came for (`ranker` is
    what they learnt, as text); where there is none the parts' mean opinion counts. Without `parts` EASE, iALS
    and popularity pick, the Markov chain where there are times, and content where items have attributes.
    """

    info: ClassVar[Info] = Info(
        label="Two stages",
        family="hybrid",
        summary=(
            "How large shops do it: several quick recommenders draw up a shortlist, and a second model, trained "
            "on what customers really chose, puts it in order by everything known of the customer and each item. "
            "Strong where there is plenty of data; the hardest of all to explain."
        ),
        paper="Covington, Adams, Sargin: Deep Neural Networks for YouTube Recommendations, RecSys 2016 (the two stages); Friedman: Greedy Function Approximation, Annals of Statistics 2001 (the trees)",
        seeded=True,
    )
    candidates: int = tunable(50, 10, 1000, log=True, help="How many items each part picks")
    trees: int = tunable(60, 5, 500, log=True, help="How many trees put them in order")
    leaves: int = tunable(8, 2, 64, log=True, help="How many cases each tree can tell apart")
    learning_rate: float = tunable(0.05, 0.01, 0.5, log=True, help="How much each tree counts")
    ranker: str = ""

    @field_validator("ranker")
    @classmethod
    def _trees(cls, ranker: str) -> str:
        if ranker:
            Forest.from_text(ranker)
        return ranker

    def fit(self, data: Dataset, ctx: FitContext) -> Scorer:
        """Fit every part, then grow the trees unless they are given."""
        self.require(data)
        specs, parts = fit_parts(self.made_of(data), data, ctx)
        about = about_items(data)
        untaught = Reranked(parts, specs, about, self.candidates)
        forest, learnt = Forest.from_text(self.ranker) if self.ranker else None, {}
        if forest is not None and forest.width > untaught.width:
            raise ParameterError(
                f"The ranker looks at {forest.width} numbers of each candidate; here there are {untaught.width}.",
                fix="Leave `ranker` out, so that it is learnt from these parts and items.",
                key="ranker",
            )
        if forest is None and ctx.validation is not None:
            lesson = Lesson.of(data, ctx.validation, ctx)
            forest = learn_forest(untaught, lesson, Growth(self.trees, self.leaves, self.learning_rate))
            learnt = {} if forest is None else {"parts": specs, "ranker": forest.to_text()}
        ctx.report(1.0, "fitted")
        return Reranked(parts, specs, about, self.candidates, forest, learnt)

    def restore(self, state: State) -> Scorer:
        """The scorer with this state."""
        specs, parts = restored_parts(state)
        nodes = state.arrays.get("nodes")
        forest = None if nodes is None else Forest(nodes)
        return Reranked(parts, specs, state.arrays["about"], state.meta["candidates"], forest)

    def made_of(self, data: Dataset) -> Specs:
        """EASE, iALS and popularity; the Markov chain where there are times, content where items have attributes."""
        chain = ("markov",) if Need.times.met(data) else ()
        content = ("content",) if Need.item_attributes.met(data) else ()
        return self.parts or named("ease", "ials", *chain, *content, popularity_for(data))
