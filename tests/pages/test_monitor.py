MONITOR = "pages/market/monitor.py"


def test_without_traffic_the_page_says_how_to_get_some(empty, visit, says):
    assert "No ads have been served yet" in says(visit(MONITOR))
