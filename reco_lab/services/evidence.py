"""What stands behind a finished comparison: its cuts, its exams and every list, measured customer by customer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from reco_lab.experiments.by_segment import BySegment, Shift, by_segment, shifts
from reco_lab.experiments.definitions import Reading, readings
from reco_lab.experiments.exam import Exam
from reco_lab.experiments.folds import Answer
from reco_lab.experiments.results import Comparison
from reco_lab.experiments.run import Run
from reco_lab.experiments.segments import Segmentation, by_saved, segmentations
from reco_lab.services.experiments import Prepared, comparison, recall, rows_run
from reco_lab.services.shelf import WorkspaceShelf
from reco_lab.store.segments import SegmentRecord
from reco_lab.workspace import Workspace

Way = tuple[Segmentation, ...]


@dataclass(frozen=True, eq=False)
class Evidence:
    """A finished comparison with what its figures were made of; `runs` are by recommender, fold and seed."""

    asked: Prepared
    found: Comparison
    exams: tuple[Exam, ...]
    runs: Mapping[str, tuple[tuple[Run, ...], ...]]

    @property
    def gone(self) -> list[str]:
        """The recommenders that finished and whose lists are not kept any more, or were made by other code."""
        return [row.name for row in rows_run(self.asked.experiment, self.found) if row.name not in self.runs]

    @cached_property
    def answers(self) -> dict[str, list[Answer]]:
        """Every recommender's metrics fold by fold, with a number a customer."""
        return {
            name: [
                Answer.of(
                    exam, [exam.measure(one.lists, one.scored, one.ratings, one.places) for one in drawn]
                )
                for exam, drawn in zip(self.exams, folds, strict=True)
            ]
            for name, folds in self.runs.items()
        }

    @cached_property
    def ways(self) -> dict[str, Way]:
        """Every way to part the customers by its id: the segmentation before the cut of each fold."""
        folds = [{one.id: one for one in segmentations(exam)} for exam in self.exams]
        return {
            id_: tuple(fold[id_] for fold in folds) for id_ in folds[0] if all(id_ in one for one in folds)
        }

    def readings(self, name: str, k: int) -> tuple[Reading, ...]:
        """The very same lists (of the first fold and seed) scored as each library defines it."""
        one, exam = self.runs[name][0][0], self.exams[0]
        return readings(exam.evaluation(one.lists, one.scored), k)

    def saved_ways(self, saved: Sequence[SegmentRecord]) -> dict[str, Way]:
        """The customers in a saved segment against all others, by its id, as far as it can be told before each cut."""
        found = {
            one.id: tuple(by_saved(exam, one.id, one.title, one.definition) for exam in self.exams)
            for one in saved
        }
        return {id_: tuple(filter(None, ways)) for id_, ways in found.items() if all(ways)}

    def by_segment(self, key: str, way: Way) -> BySegment | None:
        """A metric of every recommender by segment; None where it has no value for a part of the customers."""
        return by_segment(self.answers, key, way, self.asked.experiment.seed)

    def shifts(self, key: str, way: Way, ship: str, instead_of: str) -> tuple[Shift, ...]:
        """What each segment gains or loses with one recommender instead of another."""
        return shifts(self.answers, key, way, ship, instead_of, self.asked.experiment.seed)


def evidence(workspace: Workspace, experiment_id: str) -> Evidence:
    """Load what a comparison rests on; a recommender whose lists are not there any more is left out."""
    asked, found = recall(workspace, experiment_id), comparison(workspace, experiment_id)
    exams = tuple(Exam.of(split, "test", asked.experiment) for split in asked.splits)
    shelf = WorkspaceShelf(workspace, asked.experiment)
    runs = {}
    for row in rows_run(asked.experiment, found):
        kept = [shelf.run(key) for key in row.run_keys]
        seeds = len(kept) // len(exams)
        whole = tuple(one for one in kept if one is not None)
        if len(whole) == len(kept):
            runs[row.name] = tuple(whole[fold * seeds : (fold + 1) * seeds] for fold in range(len(exams)))
    return Evidence(asked, found, exams, runs)
