"""Surprise by its own interface: a train set in, a prediction a rating out."""

from typing import Any

from _split import Stars
from surprise import SVD, Dataset, Reader


def prepare_ratings(stars: Stars, train: Any, test: Any) -> Any:
    rows = [(*row, None) for row in _triples(stars, train)]
    return Dataset(Reader(rating_scale=(1, 5))).construct_trainset(rows), _triples(stars, test)


def fit_ratings(data: Any, _threads: int) -> Any:
    return SVD(random_state=1).fit(data[0])


def predict(model: Any, data: Any) -> list[float]:
    return [found.est for found in model.test(data[1])]


def _triples(stars: Stars, rows: Any) -> list[tuple[int, int, float]]:
    columns = (stars.users[rows], stars.items[rows], stars.values[rows])
    return list(zip(*(column.tolist() for column in columns), strict=True))
