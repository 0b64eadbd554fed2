from typing import ClassVar, Literal

from reco_lab.algorithms._attention import Attention, drawn
from reco_lab.core.dataset import Dataset
from reco_lab.core.parameters import tunable
from reco_lab.core.recommender import Extra, FitContext, Info, Need, Recommender, Scorer, State


class SASRec(Recommender):
    """Reads the latest entries of a history in order and recommends what its network expects next.

    Self-attention: each entry looks back at those before it and weighs them by what they are and where they
    stand. Learnt to foretell every next entry of every history, against all items (`softmax`, at most a few ten
    thousand items) or against items drawn by lot, with the scores' sureness corrected (`gbce`, gSASRec). A
    history longer than `longest` is cut into pieces to learn from; its last piece is read. Learns with torch,
    scores without. Another number of threads gives the same digits; a GPU may give others.
    """

    info: ClassVar[Info] = Info(
        label="SASRec",
        family="sequence",
        summary=(
            "A small neural network of the kind behind chat assistants reads what the customer did, in order, and "
            "expects what comes next. It finds by itself which earlier steps matter. At its best with many long "
            "histories; learning takes minutes where simpler models take seconds."
        ),
        paper=(
            "Kang, McAuley: Self-Attentive Sequential Recommendation, ICDM 2018; drawn items: Petrov, Macdonald: "
            "gSASRec: Reducing Overconfidence in Sequential Recommendation, RecSys 2023"
        ),
        needs=(Need.times,),
        extras=(Extra.deep,),
        seeded=True,
    )
    cost: ClassVar[tuple[str, ...]] = ("once", "rows", "rows for each item")
    factors: Literal[16, 32, 64, 128, 256] = tunable(64, help="How many hidden traits")
    layers: int = tunable(2, 1, 6, help="How many times the network looks back over the history")
    heads: Literal[1, 2, 4, 8] = tunable(2, help="In how many ways at a time it looks back")
    longest: int = tunable(100, 2, 500, log=True, help="How many of the latest entries are read")
    dropout: float = tunable(0.2, 0.0, 0.8, help="What share of the traits is left out by lot while learning")
    epochs: int = tunable(20, 1, 500, log=True, help="How many rounds over all histories")
    learning_rate: float = tunable(1e-3, 1e-5, 1e-2, log=True, help="How far each step moves the network")
    loss: Literal["softmax", "gbce"] = tunable(
        "softmax", help="Whether what followed is compared with all items, or with some drawn by lot (gbce)"
    )
    negatives: int = tunable(256, 1, 4096, log=True, help="How many items are drawn by lot; only for gbce")

    def fit(self, data: Dataset, ctx: FitContext) -> Scorer:
        """Learn the network by foretelling the next entry."""
        self.require(data)
        from reco_lab.algorithms._attention_lessons import Pieces, learnt

        log = data.interactions
        start = drawn(log.n_items, self.factors, self.longest, self.layers, ctx.rng())
        teacher = {name: getattr(self, name) for name in ("heads", "dropout", "loss", "negatives")}
        pieces = Pieces.of(log, self.longest)
        weights = learnt(start, pieces, teacher, self.learning_rate, self.epochs, ctx)
        ctx.report(1.0, "fitted")
        return Attention(weights, self.heads)

    def restore(self, state: State) -> Scorer:
        """The scorer with this state."""
        return Attention.from_state(state)
