"""Finished runs and their models in the workspace: computed once, found again by their key."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

import reco_lab.core
from reco_lab.core.errors import CorruptError, InputError, RecoLabError
from reco_lab.core.evaluation import RatingErrors
from reco_lab.core.experiment import Experiment
from reco_lab.core.ranking import Recommendations
from reco_lab.core.ranks import Ranks
from reco_lab.core.recommender import Recommender, Scorer, recommender
from reco_lab.core.splitting import Split
from reco_lab.experiments.results import Seconds
from reco_lab.experiments.run import Run
from reco_lab.experiments.tuning import Notebook, Trial
from reco_lab.workspace import Workspace

DECIDES = ("core", "algorithms", "splits", "experiments")


@cache
def release() -> str:
    """What the digits of a run depend on besides its question: this version, and the code that computes them."""
    package = Path(reco_lab.core.__file__).parents[1]
    digest = hashlib.sha256()
    for path in sorted(path for folder in DECIDES for path in (package / folder).rglob("*.py")):
        digest.update(path.relative_to(package).as_posix().encode() + path.read_bytes())
    return f"{version('reco-lab')}+{digest.hexdigest()[:12]}"


@dataclass(frozen=True, eq=False)
class WorkspaceShelf:
    """Keeps the runs of one experiment."""

    workspace: Workspace
    experiment: Experiment

    def fetch(self, spec: Recommender, split: Split, seed: int) -> Run | None:
        """The finished run of a recommender on a cut with a seed."""
        return self.run(self._key(spec, split, seed))

    def run(self, key: str) -> Run | None:
        """The run with this key; one of other code of ours or with a damaged file counts as not done."""
        record = self.workspace.store.run(key)
        if record is None or record.result.get("release") != release():
            return None
        result = dict(record.result)
        try:
            arrays = self.workspace.artefacts.load(result["lists"]).arrays
        except CorruptError as error:
            self.workspace.log.reference(error)
            return None
        ratings = (
            RatingErrors(*(arrays[name] for name in ("owners", "predicted", "given")))
            if "owners" in arrays
            else None
        )
        return Run(
            spec=recommender(result["spec"]),
            lists=Recommendations(arrays["items"], arrays["scores"]),
            scored=arrays["scored"],
            ratings=ratings,
            validation=result["validation"],
            seconds=Seconds(**result["seconds"]),
            peak_memory_mb=result["peak_memory_mb"],
            places=_ranks(arrays) if "places" in arrays else None,
        )

    def keep(self, spec: Recommender, split: Split, seed: int, finished: Run, scorer: Scorer) -> None:
        """Keep the lists, the model, then the record that makes both count."""
        arrays = {"items": finished.lists.items, "scores": finished.lists.scores, "scored": finished.scored}
        if finished.ratings is not None:
            arrays |= {
                name: np.asarray(getattr(finished.ratings, name)) for name in ("owners", "predicted", "given")
            }
        if finished.places is not None:
            places = finished.places.places
            arrays |= {"places": places.data, "place_items": places.indices, "place_starts": places.indptr}
            arrays |= {"ranked": finished.places.candidates, "place_width": np.array(places.shape[1:])}
        lists = self.workspace.artefacts.save("lists", arrays=arrays)
        model = self.workspace.artefacts.save_state(finished.spec.to_dict(), scorer.state())
        result = {
            "release": release(),
            "spec": finished.spec.to_dict(),
            "lists": lists,
            "validation": finished.validation,
            "seconds": finished.seconds.model_dump(),
            "peak_memory_mb": finished.peak_memory_mb,
        }
        self.workspace.store.save_run(self._key(spec, split, seed), result, model)

    def notebook(self, spec: Recommender, split: Split) -> Notebook:
        """The trials of this recommender's tuning on this split; a larger budget goes on where a smaller one stopped."""
        study, ledger = self._key(spec, split, self.experiment.seed), self.workspace.ledger
        return Notebook(
            tuple(
                Trial.model_validate(one["trial"])
                for one in ledger.trials(study)
                if one["release"] == release()
            ),
            lambda trial: ledger.add_trial(
                study, {"release": release(), "trial": trial.model_dump(mode="json")}
            ),
        )

    def excuse(self, spec: Recommender, error: Exception) -> str:
        """A sentence for the leaderboard; the details are in the log under its reference."""
        reference = self.workspace.log.reference(error)
        what = str(error) if isinstance(error, RecoLabError) else type(error).__name__
        return f"{spec.info.label} failed: {what.rstrip('.')}. The details are in the log under {reference}."

    def model(self, key: str) -> tuple[Recommender, Scorer] | None:
        """The model of the run with this key, ready to score; None where it is not there or not readable any more."""
        record = self.workspace.store.run(key)
        if record is None or record.artefact is None:
            return None
        fitted, state = self.workspace.artefacts.load_state(record.artefact)
        try:
            final = recommender(fitted)
            return final, final.restore(state)
        except (InputError, LookupError, TypeError, ValueError) as error:
            if record.result.get("release") == release():
                raise
            self.workspace.log.reference(error)
            return None

    def _key(self, spec: Recommender, split: Split, seed: int) -> str:
        return self.experiment.run_key(spec, split.fingerprint, seed)


def _ranks(arrays: Mapping[str, NDArray[Any]]) -> Ranks:
    parts = tuple(arrays[name] for name in ("places", "place_items", "place_starts"))
    places = sparse.csr_matrix(parts, (len(arrays["ranked"]), int(arrays["place_width"][0])))
    return Ranks(places, arrays["ranked"])
