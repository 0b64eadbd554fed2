import inspect

from reco_lab.core.unchanging import once, unchanging


@unchanging()
class Square:
    side: float

    @once
    def area(self) -> float:
        """The side times itself."""
        counted.append(self.side)
        return self.side**2


counted: list[float] = []


def test_what_is_computed_once_is_kept_and_the_class_tells_what_it_is():
    counted.clear()
    square = Square(3.0)

    assert [square.area, square.area, counted] == [9.0, 9.0, [3.0]]
    assert dict(inspect.getmembers(Square))["area"].__doc__ == "The side times itself."
