"""The words people answer with in surveys, and the number from 1 (least) to 5 (most) that each stands for."""

import unicodedata

import numpy as np
import pandas as pd

_WORDS = {
    1.0: (
        "strongly disagree|completely disagree|totally disagree|disagree strongly|definitely not|not at all|never|"
        "very dissatisfied|extremely dissatisfied|very unlikely|extremely unlikely|not at all likely|very poor|very bad|"
        "terrible|awful|hate it|hate|not important|not at all important|unimportant|not interested|not at all interested|"
        "not true at all|much worse|dislike a lot|strongly dislike|"
        "stimme uberhaupt nicht zu|stimme gar nicht zu|trifft uberhaupt nicht zu|trifft gar nicht zu|lehne stark ab|"
        "sehr unzufrieden|sehr unwahrscheinlich|sehr schlecht|nie|niemals|uberhaupt nicht|gar nicht|vollig unwichtig|"
        "pas du tout d'accord|pas du tout|tres insatisfait|tres insatisfaite|tres mecontent|tres improbable|tres mauvais|jamais|"
        "totalmente en desacuerdo|muy en desacuerdo|muy insatisfecho|muy insatisfecha|muy improbable|muy malo|pesimo|nunca|nada"
    ),
    2.0: (
        "disagree|tend to disagree|dissatisfied|unlikely|poor|bad|rarely|seldom|slightly|a little|slightly important|"
        "of little importance|worse|dislike|don't like it|not very likely|not very important|"
        "stimme nicht zu|trifft nicht zu|trifft eher nicht zu|lehne ab|unzufrieden|unwahrscheinlich|schlecht|selten|wenig|unwichtig|"
        "pas d'accord|plutot pas d'accord|insatisfait|insatisfaite|mecontent|improbable|mauvais|rarement|peu|un peu|"
        "en desacuerdo|insatisfecho|insatisfecha|malo|rara vez|raramente|casi nunca|poco"
    ),
    2.5: "somewhat disagree|slightly disagree|stimme eher nicht zu|plutot en desaccord|algo en desacuerdo",
    3.0: (
        "neither agree nor disagree|neither agree or disagree|neutral|undecided|neither|no opinion either way|sometimes|"
        "occasionally|neither satisfied nor dissatisfied|neither likely nor unlikely|fair|average|ok|okay|moderately|somewhat|"
        "moderately important|somewhat important|about the same|"
        "weder noch|teils teils|teils/teils|teils-teils|unentschieden|manchmal|gelegentlich|mittel|mittelmassig|befriedigend|"
        "ni d'accord ni pas d'accord|neutre|moyen|parfois|quelquefois|moyennement|ni satisfait ni insatisfait|"
        "ni de acuerdo ni en desacuerdo|regular|a veces|ni satisfecho ni insatisfecho|algo"
    ),
    3.5: "somewhat agree|slightly agree|stimme eher zu|algo de acuerdo",
    4.0: (
        "agree|tend to agree|satisfied|likely|good|often|frequently|usually|very|very important|important|better|like|like it|"
        "interested|stimme zu|trifft eher zu|zufrieden|wahrscheinlich|gut|oft|haufig|wichtig|ziemlich|"
        "d'accord|plutot d'accord|satisfait|satisfaite|probable|bon|bien|souvent|frequemment|important|"
        "de acuerdo|satisfecho|satisfecha|bueno|a menudo|frecuentemente|casi siempre|bastante"
    ),
    4.5: "very good|mostly true",
    5.0: (
        "strongly agree|completely agree|totally agree|agree strongly|definitely|always|very satisfied|extremely satisfied|"
        "very likely|extremely likely|excellent|great|outstanding|love it|love|extremely|extremely important|essential|"
        "very interested|completely true|much better|like a lot|strongly like|"
        "stimme voll zu|stimme voll und ganz zu|stimme vollig zu|trifft zu|trifft voll zu|trifft voll und ganz zu|sehr zufrieden|"
        "sehr wahrscheinlich|sehr gut|ausgezeichnet|immer|sehr wichtig|sehr|"
        "tout a fait d'accord|tres satisfait|tres satisfaite|tres probable|tres bon|tres bien|toujours|tout a fait|beaucoup|"
        "totalmente de acuerdo|muy de acuerdo|muy satisfecho|muy satisfecha|muy probable|muy bueno|excelente|siempre|mucho"
    ),
}  # fmt: skip
_NUMBERS = {word: number for number, words in _WORDS.items() for word in words.split("|")}
_SILENT = [
    "don't know",
    "dont know",
    "do not know",
    "not sure",
    "unsure",
    "n/a",
    "na",
    "not applicable",
    "no answer",
    "prefer not to say",
    "no opinion",
    "none",
    "-",
    "weiss nicht",
    "weiss ich nicht",
    "keine angabe",
    "keine antwort",
    "k.a.",
    "ne sait pas",
    "je ne sais pas",
    "sans reponse",
    "nsp",
    "no se",
    "no lo se",
    "no aplica",
    "sin respuesta",
    "ns/nc",
]
_NUMBERED = r"^(\d{1,2})(?:\s*[-–:.=]\s*|\s*\()[^\d].*$"


def likert_numbers(texts: pd.Series) -> pd.Series:
    """A number for each of these distinct answers: 1 to 5 for a word, the number itself for "4 - often".

    Missing for "don't know" and its like, and for words that are not on any scale.
    """
    numbered = pd.to_numeric(texts.str.extract(_NUMBERED, expand=False), errors="coerce").astype("float64")
    plain = [_NUMBERS.get(_plain(text)) for text in texts.astype("str")]
    return numbered.fillna(pd.Series(plain, texts.index, dtype="float64"))


def is_silent(texts: pd.Series) -> np.ndarray:
    """Which of these answers say nothing: "don't know", "prefer not to say"."""
    return np.array([_plain(text) in _SILENT for text in texts.astype("str")], bool)


def _plain(text: str) -> str:
    folded = text.strip().casefold().replace("’", "'").rstrip(".!")
    decomposed = unicodedata.normalize("NFD", folded)
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return " ".join(bare.split())
