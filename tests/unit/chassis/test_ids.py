from services.chassis.ids import is_id, new_id


def test_ids_say_what_they_name_and_sort_by_birth() -> None:
    ids = [new_id("dep") for _ in range(500)]

    assert all(is_id(each, "dep") for each in ids)
    assert ids == sorted(set(ids))


def test_nothing_else_is_an_id() -> None:
    good = new_id("dep")

    for other in (
        "", "dep_", good.upper(), good + "\n", "\n" + good, good + "a", good[:-1], good.replace("dep", "usr"),
        "dep_../../etc/passwd", '{"$ne": null}', good[:-1] + "\x00", good[:-1] + "u",
    ):  # fmt: skip
        assert not is_id(other, "dep")
