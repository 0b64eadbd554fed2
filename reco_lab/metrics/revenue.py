from reco_lab.core.catalogue import prices
from reco_lab.core.dataset import Dataset
from reco_lab.core.evaluation import Evaluation, Measurement, Metric
from reco_lab.metrics._items import worth_of_hits


class Revenue(Metric):
    """Measures what the hits cost to buy: their prices, added up."""

    label = "Revenue"
    plain = "What are the items worth that customers went for and we would have shown?"
    definition = "sum over hits among the first k of the item's price; the mean over customers"
    edge_cases = (
        "At the price of the table of items, one piece a hit. An item without a price is worth 0. It assumes nothing of what "
        "showing an item changes: it is no forecast of sales. An empty list is worth 0."
    )
    family = "money"
    bounds = (0.0, float("inf"))

    def measure(self, evaluation: Evaluation, k: int) -> Measurement:
        """One number a customer, in the currency of the table of items."""
        return worth_of_hits(evaluation, k, prices(evaluation.train))

    def lacks(self, data: Dataset) -> str:
        """A sentence where no item has a price."""
        if prices(data) is None:
            return (
                "Revenue cannot be measured: no item has a price. Map a price column in the table of items."
            )
        return ""
