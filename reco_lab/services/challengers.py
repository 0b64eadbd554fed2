"""The challenger of a round: what it learns, from which data, and how it does against the champion."""

from dataclasses import dataclass

from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import InputError, NotFoundError
from reco_lab.core.experiment import Question
from reco_lab.core.progress import Report
from reco_lab.core.recommender import Recommender, recommender
from reco_lab.core.splitting import Split
from reco_lab.experiments.results import Comparison
from reco_lab.services import forward, publishing, replayed
from reco_lab.services.keeping import load_version
from reco_lab.services.published_segments import count_members
from reco_lab.services.publishing import Plan
from reco_lab.serving.served import as_served
from reco_lab.serving.snapshot import Ranker
from reco_lab.store.publications import Publication
from reco_lab.store.records import DatasetVersion
from reco_lab.workspace import Workspace


@dataclass(frozen=True, eq=False)
class Parties:
    """Who is judged on what: both plans, the version the champion learnt from and the new one."""

    champion: Plan
    challenger: Plan
    before: Dataset
    after: Dataset


def challenge(
    workspace: Workspace, champion: Plan, data: Dataset, report: Report, *, from_experiment: bool
) -> Plan:
    """Train a challenger on all of a version: the champion anew, or the winner of the latest experiment on these data.

    Policy, routes and settings are the champion's. Where no experiment has a winner yet, it is the champion anew.
    """
    found = _winner(workspace, data.name) if from_experiment else None
    if found is None:
        return publishing.train_again(workspace, champion, data, report)
    spec, name, experiment = found
    seed = int(workspace.store.experiment(experiment).spec.get("seed", 0))
    chain = publishing.train_chain(workspace, data, spec, name, seed, report)
    about = {"fingerprint": data.fingerprint, "experiment": experiment, "chain": chain}
    return champion.model_copy(update=about | {"members": count_members(workspace, data)})


def parties(workspace: Workspace, champion: Plan, challenger: Plan, version: DatasetVersion) -> Parties:
    """Both sides with their data; InputError for a challenger that learnt from other data than it is to be judged on."""
    if (challenger.dataset, challenger.fingerprint) != (version.name, version.fingerprint):
        raise InputError(
            f"The challenger was trained on other data than version {version.version} of {version.name!r}, on which "
            "it was to be judged.",
            fix="Start a new round.",
        )
    if champion.dataset != challenger.dataset:
        raise InputError(
            f"The champion learnt from {champion.dataset!r} and the challenger from {challenger.dataset!r}: they cannot "
            "be held against each other."
        )
    before = publishing.version_of(workspace, champion.dataset, champion.fingerprint)
    return Parties(champion, challenger, load_version(workspace, before), load_version(workspace, version))


def judge(
    workspace: Workspace, who: Parties, share: float, report: Report
) -> tuple[forward.Duel, replayed.Sides]:
    """Hold both against each other on the latest share of what is new; a copy of the challenger learns what came before.

    The second part is what a log needs to judge the same two. SplitError where that cannot be done.
    """
    split, question = _posed(workspace, who, share)
    champion = [publishing.restore(workspace, link) for link in who.champion.chain]
    copies = [_untrained(workspace, link) for link in who.challenger.chain]
    learnt = forward.trained(copies, split.before_test, question.seed, report)
    report(1.0, "judging both on what came after")
    one, other = as_served(champion, who.before, who.after), as_served(learnt, who.after, who.after)
    seen = forward.duel(split, question, one, other)
    return seen, replayed.Sides(who.champion, one, other, who.after, seen.begins)


def judge_beside(
    workspace: Workspace, who: Parties, sides: replayed.Sides, share: float, earlier: Publication
) -> forward.Duel:
    """The same challenger against an earlier publication, on the same rows. NotFoundError, CorruptError where it is gone."""
    split, question = _posed(workspace, who, share)
    plan = publishing.plan_of(workspace, earlier)
    models = [publishing.restore(workspace, link) for link in plan.chain]
    then = as_served(models, publishing.plan_data(workspace, plan), who.after)
    return forward.duel(split, question, then, sides.challenger)


def _posed(workspace: Workspace, who: Parties, share: float) -> tuple[Split, Question]:
    """Where what judges begins, and what is asked of it."""
    split = forward.cut(who.before, who.after, share)
    return split, forward.askable(split, forward.judged_by(_asked(workspace, who.champion)))


def _untrained(workspace: Workspace, link: publishing.Link) -> tuple[Ranker, Recommender]:
    return publishing.restore(workspace, link), recommender(
        workspace.artefacts.load(link.artefact).meta["recommender"]
    )


def _asked(workspace: Workspace, plan: Plan) -> dict[str, object] | None:
    try:
        return dict(workspace.store.experiment(plan.experiment).spec)
    except NotFoundError:
        return None


def _winner(workspace: Workspace, dataset: str) -> tuple[Recommender, str, str] | None:
    """The champion of the latest finished experiment on a data set: its specification, its name, the experiment's id."""
    from reco_lab.services.experiments import experiment_of, listing, model_of

    for record in listing(workspace, dataset):
        if record.comparison is None:
            continue
        found = Comparison.model_validate(record.comparison)
        row = next((one for one in found.leaderboard if one.name == found.champion), None)
        model = None if row is None else model_of(workspace, experiment_of(record), row)
        if row is not None and model is not None:
            return model[0], row.name, record.id
    return None
