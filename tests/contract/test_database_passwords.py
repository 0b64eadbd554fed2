"""Somebody who answers in place of a database and asks for the password as it is."""

import socket
import struct
from contextlib import closing
from threading import Thread

import pytest

from reco_lab.core.errors import InputError
from reco_lab.sources.sql.place import place
from reco_lab.sources.sql.reading import opened
from reco_lab.sources.sql.session import Account

SECRET = "nobody-may-read-this"


def postgres_asks(line):
    while len(line.recv(999)) == 8:  # for encryption, of either kind
        line.sendall(b"N")
    line.sendall(b"R" + struct.pack("!II", 8, 3))


def mysql_asks(line):
    hello = b"\x0a8.0.0\0" + struct.pack("<I", 1) + b"a" * 8 + b"\0" + struct.pack("<H", 0xF7FF) + b"\x21"
    hello += struct.pack("<HH", 2, 15) + b"\x15" + b"\0" * 10 + b"b" * 12 + b"\0mysql_native_password\0"
    line.sendall(struct.pack("<I", len(hello))[:3] + b"\0" + hello)
    line.recv(999)
    asked = b"\xfemysql_clear_password\0"
    line.sendall(struct.pack("<I", len(asked))[:3] + b"\x02" + asked)


@pytest.mark.parametrize(("kind", "asks"), [("postgresql", postgres_asks), ("mysql", mysql_asks)])
def test_a_machine_that_asks_for_the_password_as_it_is_does_not_get_it(kind, asks):
    heard = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer():
            with closing(listener.accept()[0]) as line:
                asks(line)
                heard.append(line.recv(999))

        asking = Thread(target=answer, daemon=True)
        asking.start()
        port = listener.getsockname()[1]
        where = place(kind=kind, host="127.0.0.1", port=port, database="shop", user="reader")
        with pytest.raises(InputError), opened(Account(where, "127.0.0.1", 5.0, "VARIABLE", SECRET)):
            pass
        asking.join(5)
    assert heard == [b""]
