import pytest

from reco_lab.core.errors import DataError
from reco_lab.sources import sniff

TEXTS = {
    "cp1252": ["José,Müller,François,Zoë", "crème brûlée,thé “bio”,5 €,naïve", "Größe,Straße,Äpfel,Öl"],
    "cp1250": ["Łódź,Kraków,Gdańsk,Wrocław", "Příbram,Žižkov,čaj,Dvořák", "Łukasz,żółty,księżyc,święto"],
    "cp1251": ["Красные туфли,Платье,Иванов Пётр", "Чай зелёный,Кофе,Молоко", "Москва,Казань,Самара"],
    "koi8-r": ["Красные туфли,Платье,Иванов Пётр", "Чай зелёный,Кофе,Молоко", "Москва,Казань,Самара"],
    "cp1253": ["Αθήνα,Θεσσαλονίκη,καφές", "Γιώργος,Ελένη,Νίκος", "κόκκινο φόρεμα,παπούτσια"],
    "cp1254": ["İstanbul,şeker,çağrı,Iğdır", "ayakkabı,gömlek,kırmızı şapka", "Ayşe,Gülşen,Oğuz"],
    "cp932": ["名前,山田太郎,佐藤花子", "りんご,バナナ,赤いドレス", "東京,大阪,きゅうり"],
    "euc_jp": ["なまえ,山田さん,佐藤さん", "りんご,バナナ,赤いドレス", "とうきょう,大阪,きゅうり"],
    "gb18030": ["姓名,张三,李四,王小明", "红色连衣裙,运动鞋,绿茶,咖啡", "北京,上海,广州的朋友"],
    "big5": ["姓名,張三,李四,王小明", "紅色連衣裙,運動鞋,綠茶,咖啡", "台北,高雄,臺中的朋友"],
    "cp949": ["이름,김철수,이영희", "빨간 드레스,운동화,녹차", "서울,부산,대구 사람"],
    "cp1255": ["שלום,תה ירוק,קפה", "ירושלים,חיפה,נעליים", "שמלה אדומה,חולצה"],
}
UNICODE = {
    "utf-8": b"",
    "utf-8 with a mark": b"\xef\xbb\xbf",
    "utf-16-le with a mark": b"\xff\xfe",
    "utf-16-be with a mark": b"\xfe\xff",
    "utf-32-le with a mark": b"\xff\xfe\0\0",
    "utf-32-be with a mark": b"\0\0\xfe\xff",
}
CASES = [(encoding, text, copies) for encoding, texts in TEXTS.items() for text in texts for copies in (2, 9)]


@pytest.fixture
def file(tmp_path):
    def write(content):
        path = tmp_path / "names.csv"
        path.write_bytes(content)
        return path

    return write


def lines(text, copies):
    names = text.split(",")
    return [f"{names[n % len(names)]},{n}" for n in range(copies * len(names))]


@pytest.mark.parametrize(("encoding", "text", "copies"), CASES)
def test_the_letters_are_right_or_a_person_is_asked(encoding, text, copies, file):
    written = lines(text, copies)
    path = file("\n".join(written).encode(encoding))
    table = sniff(path).read(path, header=False)
    right = [
        f"{name},{count}" for name, count in zip(table.frame.iloc[:, 0], table.frame.iloc[:, 1], strict=True)
    ]
    dialect = table.dialect
    asked = encoding in dialect["encoding_alternatives"]
    assert right == written or asked
    assert "guess" in dialect["warning"]
    assert 1 <= len(dialect["encoding_sample"]) <= 5
    assert "\ufffd" not in "".join(right)


def test_nearly_all_guesses_are_right(file):
    found = []
    for encoding, text, copies in CASES:
        path = file("\n".join(lines(text, copies)).encode(encoding))
        found.append(sniff(path).read(path, header=False).dialect["encoding"] == encoding)
    assert sum(found) / len(found) >= 0.95


@pytest.mark.parametrize(("encoding", "mark"), UNICODE.items())
def test_unicode_is_certain(encoding, mark, file):
    body = "name,count\nZoë,1\n山田,2\n🛒,3\n".encode(encoding.removesuffix(" with a mark"))
    path = file(mark + body)
    table = sniff(path).read(path)
    assert table.frame["name"].tolist() == ["Zoë", "山田", "🛒"]
    assert table.dialect["encoding"] == encoding
    assert "warning" not in table.dialect


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_its_mark_is_recognised(encoding, file):
    path = file("name,count\nZoë,1\nAnna,2\n".encode(encoding))
    assert sniff(path).read(path).frame["name"].tolist() == ["Zoë", "Anna"]


def test_a_person_overrules_the_guess(file):
    path = file("name,count\nŁódź,1\nGdańsk,2\n".encode("cp1250"))
    assert sniff(path).read(path, encoding="cp1250").frame["name"].tolist() == ["Łódź", "Gdańsk"]
    with pytest.raises(DataError, match="cannot be read as ascii"):
        sniff(path).read(path, encoding="ascii")
    with pytest.raises(DataError, match="cannot be read as klingon"):
        sniff(path).read(path, encoding="klingon")


def test_letters_lost_before_are_pointed_out(file):
    path = file("name,count\nZo\ufffd,1\nAnna,2\n".encode())
    assert "line 2" in sniff(path).read(path).dialect["warning"]


def test_a_preview_of_a_large_utf_16_file_ends_with_a_whole_line(file):
    body = "".join(f"Zoë Ω{n},{n}\n" for n in range(400_000))
    path = file(b"\xff\xfe" + ("name,count\n" + body).encode("utf-16-le"))
    table = sniff(path).read(path, rows=50)
    assert (len(table.frame), table.refused) == (50, ())


def test_nobody_is_asked_to_choose_between_encodings_that_read_the_file_alike(file):
    written = ["Kunde;Artikel", *(f"{n};Grüner Tee, süß, Rosé {n % 3}" for n in range(60))]
    path = file("\n".join(written).encode("cp1252"))
    dialect = sniff(path).read(path).dialect

    assert dialect["encoding"].startswith("cp1252")
    for other in dialect["encoding_alternatives"].values():
        assert list(other) != list(dialect["encoding_sample"])


def test_the_lines_to_check_show_the_letters_that_tell_encodings_apart(file):
    far = "x" * 200
    written = [
        "Kunde;Artikel;Preis",
        *(f"K{n};{far} {'Küche süß' if n % 9 == 5 else 'Ball'};1,00 €" for n in range(60)),
    ]
    path = file("\n".join(written).encode("cp1252"))
    dialect = sniff(path).read(path).dialect

    assert "Küche" in dialect["encoding_sample"][0]
    assert dialect["encoding_sample"][0] in dialect["warning"]
    for other in dialect["encoding_alternatives"].values():
        assert other[0] != dialect["encoding_sample"][0]
