"""The shop itself: one stack is deployed, and deploying it again says that there is nothing to do."""

import pytest

from e2e.shop import Shop

pytestmark = [pytest.mark.tools, pytest.mark.slow]


def test_deploys_once(shop: Shop) -> None:
    shop.deploy().expect(0)
    assert shop.writes() == ["POST dev/app"]
    again = shop.deploy().expect(0)
    assert "Nothing to deploy" in again.err
    assert shop.writes() == ["POST dev/app"]
