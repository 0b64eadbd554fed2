"""How the causal transformer of `_attention` learns from histories: the only file that knows torch."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from reco_lab.algorithms._attention import TINY, Weights, padded
from reco_lab.core.errors import ParameterError
from reco_lab.core.interactions import Interactions
from reco_lab.core.ranking import spread
from reco_lab.core.recommender import FitContext

BATCH, SHARD, BATCHES, FEWEST = (
    128,
    32,
    16,
    4,
)  # most pieces a step, at a time, fewest steps a round, pieces a step
NUMBERS_AT_ONCE = 1 << 22
MOMENTS, SMALL = (0.9, 0.98), 1e-8
JITTER = 0.2
TRUST = 0.75

Tensors = dict[str, Any]
Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Pieces:
    """Histories cut into pieces of at most `longest` steps: from each entry but the last to the next one."""

    items: NDArray[np.int32]
    starts: Codes
    lengths: Codes

    @classmethod
    def of(cls, log: Interactions, longest: int) -> "Pieces":
        """All steps of all histories, each in one piece, counted back from the latest."""
        ends, steps = log.user_starts[1:] - 1, np.maximum(np.diff(log.user_starts) - 1, 0)
        counts = -(-steps // longest)
        owners = np.repeat(np.arange(len(steps)), counts)
        before = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        last = ends[owners] - before * longest
        starts = np.maximum(last - longest, log.user_starts[owners])
        return cls(log.items, starts, last - starts)

    def turn(self, rng: np.random.Generator) -> Iterator[list[Codes]]:
        """The pieces in random batches of about one length, each cut into shards, once round."""
        size = int(np.clip(len(self.starts) // BATCHES, FEWEST, BATCH))
        order = np.argsort(self.lengths * rng.uniform(1 - JITTER, 1 + JITTER, len(self.lengths)))
        starts = np.arange(0, len(order), size)
        for start in rng.permutation(starts):
            batch = order[start : start + size]
            yield [batch[low : low + SHARD] for low in range(0, len(batch), SHARD)]

    def shard(self, rows: Codes) -> tuple[Codes, Codes, NDArray[np.bool_]]:
        """Rows of items, the item that follows each, and which of them are there."""
        lengths = self.lengths[rows]
        entries = padded(self.items, self.starts[rows], lengths + 1).astype(np.int64)
        return entries[:, :-1], entries[:, 1:], np.arange(lengths.max()) < lengths[:, None]


@dataclass(frozen=True)
class Teacher:
    """The gradient of the loss, a shard of pieces at a time; the global generators are not asked."""

    heads: int
    dropout: float
    loss: Literal["softmax", "gbce"]
    negatives: int
    device: Any

    def gradient(self, weights: Tensors, shard: tuple[Any, Any, Any], seed: int) -> tuple[Any, ...]:
        """What to change of each weight to make what followed likelier; summed over the steps."""
        dice = torch.Generator(self.device).manual_seed(seed)
        items, following, there = (torch.from_numpy(array).to(self.device) for array in shard)
        read = self._read(weights, items, dice)[there]
        with torch.no_grad():
            upstream, table = self._wanted(read, weights["items"], following[there], dice)
        first, *others = torch.autograd.grad(read, list(weights.values()), upstream)
        return (first + table, *others)

    def _read(self, weights: Tensors, items: Any, dice: torch.Generator) -> Any:
        factors, places = weights["items"].shape[1], items.shape[1]
        read = functional.embedding(items, weights["items"]) + weights["places"][:places]
        read = self._dropped(read * factors**0.5, dice)
        for layer in range(len(weights["look"])):
            steps = {name: array[layer] for name, array in weights.items() if name not in {"items", "places"}}
            seen = _normal(read) @ steps["look"] + steps["look_bias"]
            parts = seen.view(*items.shape, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
            found = functional.scaled_dot_product_attention(*parts, is_causal=True)
            found = found.transpose(1, 2).reshape(read.shape) @ steps["gather"] + steps["gather_bias"]
            read = read + self._dropped(found, dice)
            wide = torch.relu(_normal(read) @ steps["widen"] + steps["widen_bias"])
            read = read + self._dropped(wide @ steps["narrow"] + steps["narrow_bias"], dice)
        return _normal(read)

    def _dropped(self, vectors: Any, dice: torch.Generator) -> Any:
        if not self.dropout:
            return vectors
        kept = torch.empty_like(vectors, requires_grad=False).uniform_(generator=dice) >= self.dropout
        return vectors * kept / (1 - self.dropout)

    def _wanted(self, read: Any, table: Any, following: Any, dice: torch.Generator) -> tuple[Any, Any]:
        """The gradients of the loss by what was read and by the items' vectors, in blocks of bounded memory."""
        drawn = None
        if self.loss == "gbce":
            drawn = torch.randint(len(table), (self.negatives,), generator=dice, device=self.device)
        against = table if drawn is None else table[drawn]
        upstream, change, asked = torch.empty_like(read), torch.zeros_like(table), torch.zeros_like(against)
        size = max(1, NUMBERS_AT_ONCE // len(against))
        for part, right, out in zip(
            read.split(size), following.split(size), upstream.split(size), strict=True
        ):
            scores = part @ against.T
            if drawn is None:
                scores = torch.softmax(scores, 1)
                scores[torch.arange(len(part)), right] -= 1
                out[:] = scores @ against
            else:
                scores = torch.sigmoid(scores).masked_fill_(drawn == right[:, None], 0)
                pull = self._trust(len(table)) * -torch.sigmoid(-(part * table[right]).sum(1, keepdim=True))
                out[:] = scores @ against + pull * table[right]
                change.index_add_(0, right, pull * part)
            asked.addmm_(scores.T, part)
        return upstream, change.index_add_(0, drawn, asked) if drawn is not None else asked

    def _trust(self, n_items: int) -> float:
        """How much what followed counts against what was drawn, so that scores do not grow too sure (gSASRec)."""
        share = min(1.0, self.negatives / max(n_items - 1, 1))
        return share * (TRUST * (1 - 1 / share) + 1 / share)


class Adam:
    """Steps against the gradient, each weight at a pace of its own (Kingma, Ba: Adam, ICLR 2015)."""

    def __init__(self, weights: Tensors, pace: float) -> None:
        self._weights, self._pace, self._count = list(weights.values()), pace, 0
        self._moments = [(torch.zeros_like(one), torch.zeros_like(one)) for one in self._weights]

    @torch.no_grad()  # type: ignore[untyped-decorator]  # torch is not there for every type check
    def step(self, gradients: list[Any]) -> None:
        """Move every weight once."""
        self._count += 1
        first, second = (1 - moment**self._count for moment in MOMENTS)
        for weight, (mean, square), gradient in zip(self._weights, self._moments, gradients, strict=True):
            mean.lerp_(gradient, 1 - MOMENTS[0])
            square.mul_(MOMENTS[1]).addcmul_(gradient, gradient, value=1 - MOMENTS[1])
            weight.addcdiv_(mean, (square / second).sqrt_().add_(SMALL), value=-self._pace / first)


def learnt(
    start: Weights, pieces: Pieces, teacher: Mapping[str, Any], pace: float, epochs: int, ctx: FitContext
) -> Weights:
    """The weights after so many rounds over the pieces, on a GPU where there is one.

    A batch is cut into the same shards on any number of threads, each computed on one, so that the digits do not
    depend on how many there are. Raises ParameterError where they grow beyond all bounds.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    lesson, rng = Teacher(device=device, **teacher), ctx.rng()
    weights = {name: torch.tensor(array, device=device, requires_grad=True) for name, array in start.items()}
    adam, rounds = Adam(weights, pace), epochs if len(pieces.starts) else 0
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for epoch in range(rounds):
            ctx.report(epoch / rounds, f"round {epoch + 1} of {epochs}")
            for shards in pieces.turn(rng):
                seeded = zip(shards, rng.integers(1 << 62, size=len(shards)).tolist(), strict=True)
                found = spread(
                    lambda one: lesson.gradient(weights, pieces.shard(one[0]), one[1]),
                    seeded,
                    ctx.threads if device.type == "cpu" else 1,
                )
                steps = int(sum(pieces.lengths[rows].sum() for rows in shards))
                adam.step([sum(parts) / steps for parts in zip(*found, strict=True)])
    finally:
        torch.set_num_threads(before)
    ended = {name: array.detach().cpu().numpy() for name, array in weights.items()}
    if not all(np.isfinite(array).all() for array in ended.values()):
        raise ParameterError("The network grew beyond all bounds.", fix="Take a smaller learning rate.")
    return ended


def _normal(vectors: Any) -> Any:
    return functional.layer_norm(vectors, vectors.shape[-1:], eps=TINY)
