"""Cornac by its own interface: triples in, a list of items for one customer after the other out."""

from typing import Any

import numpy as np
from _split import PLACES, Cut
from cornac.data import Dataset
from cornac.models import BPR


def prepare(cut: Cut) -> Any:
    users, items = (codes.tolist() for codes in cut.train)
    return cut.n_users, Dataset.from_uir(list(zip(users, items, [1.0] * len(users), strict=True)))


def fit(_algorithm: str, data: Any, threads: int) -> Any:
    model = BPR(k=64, max_iter=100, learning_rate=0.05, lambda_reg=0.01, num_threads=threads)
    return model.fit(data[1])


def rank(model: Any, data: Any, _threads: int) -> Any:
    lists = np.full((data[0], PLACES), -1, np.int32)
    for user in range(data[0]):
        lists[user] = model.recommend(user, k=PLACES, remove_seen=True, train_set=data[1])
    return lists
