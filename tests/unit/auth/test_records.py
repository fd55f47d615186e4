"""What the store itself refuses, whoever writes."""

from collections.abc import Mapping
from typing import Any

import pytest
from pymongo.errors import DuplicateKeyError, WriteError

from services.auth.schema import COLLECTIONS
from services.chassis.clock import utc_now
from tests.unit.auth.conftest import Auth


def _user(**change: Any) -> Mapping[str, Any]:
    now = utc_now()
    return {
        "_id": "usr_1",
        "email": "ada@example.org",
        "name": None,
        "password_hash": "$argon2id$x",
        "tier": "free",
        "created_at": now,
        "updated_at": now,
        **change,
    }


@pytest.mark.parametrize(
    "change", [{"tier": "gold"}, {"password_hash": "in the clear"}, {"email": ""}, {"created_at": "today"}]
)
def test_a_user_that_breaks_the_schema_is_not_stored(auth: Auth, change: Mapping[str, Any]) -> None:
    users = auth.ports.store["users"]
    users.insert_one(dict(_user()))

    with pytest.raises(WriteError):
        users.insert_one(dict(_user(_id="usr_2", **{"email": "b@example.org", **change})))


def test_two_accounts_never_share_an_address(auth: Auth) -> None:
    users = auth.ports.store["users"]
    users.insert_one(dict(_user()))

    with pytest.raises(DuplicateKeyError):
        users.insert_one(dict(_user(_id="usr_2")))


def test_every_field_is_described_and_nothing_lives_for_ever_by_accident() -> None:
    for collection in COLLECTIONS:
        undescribed = [
            name for name, rule in collection.schema["properties"].items() if "description" not in rule
        ]
        assert not undescribed, f"{collection.name}: {undescribed}"
        expires = any("expireAfterSeconds" in index.document for index in collection.indexes)
        assert expires or collection.name == "users"
