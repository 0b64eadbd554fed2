from reco_lab.core.catalogue import margins
from reco_lab.core.dataset import Dataset
from reco_lab.core.evaluation import Evaluation, Measurement, Metric
from reco_lab.metrics._items import worth_of_hits


class Margin(Metric):
    """Measures what is earned with the hits: their margins, added up."""

    label = "Margin"
    plain = "What do we earn with the items that customers went for and we would have shown?"
    definition = "sum over hits among the first k of the item's margin in money; the mean over customers"
    edge_cases = (
        "A margin column in which no number is beyond -1 and 1 holds shares of the price, any other holds money. An item "
        "without a margin counts 0. It assumes nothing of what showing an item changes. An empty list is worth 0."
    )
    family = "money"
    bounds = (float("-inf"), float("inf"))

    def measure(self, evaluation: Evaluation, k: int) -> Measurement:
        """One number a customer, in the currency of the table of items."""
        return worth_of_hits(evaluation, k, margins(evaluation.train))

    def lacks(self, data: Dataset) -> str:
        """A sentence where no item has a margin."""
        if margins(data) is None:
            return "Margin cannot be measured: no item has a margin. Map a margin column in the table of items (and a price, if it holds shares)."
        return ""
