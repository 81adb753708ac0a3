from fsquota.changes import MOST_PENDING, Changes, Event


def listening() -> tuple[Changes, list[Event]]:
    events: list[Event] = []
    changes = Changes(events.append)
    changes.wanted = True
    return changes, events


def test_changes_are_gathered_in_order_until_they_are_flushed() -> None:
    changes, events = listening()
    changes.add("created", b"a")
    changes.add("renamed", b"a", b"folder/b")
    assert events == []
    changes.flush()
    changes.flush()
    assert events == [
        {
            "event": "changes",
            "changes": [
                {"kind": "created", "path": "a"},
                {"kind": "renamed", "path": "a", "destination": "folder/b"},
            ],
        }
    ]


def test_the_same_change_twice_in_a_row_is_told_once() -> None:
    changes, events = listening()
    for kind in ("written", "written", "removed", "written"):
        changes.add(kind, b"a")
    changes.flush()
    assert [change["kind"] for change in events[0]["changes"]] == ["written", "removed", "written"]


def test_a_path_that_is_not_text_becomes_a_rescan_of_the_nearest_folder_that_is() -> None:
    changes, events = listening()
    changes.add("created", b"before")
    changes.add("created", b"text/\xff/file")
    changes.add("renamed", b"one/\xff", b"other/name")
    changes.add("created", b"other/\xff")
    changes.add("created", b"x" * 255 + b"/y" * 5000)
    changes.flush()
    assert events == [
        {"event": "changes", "changes": [{"kind": "created", "path": "before"}]},
        {"event": "rescan", "path": "text"},
        {"event": "rescan", "path": "one"},
        {"event": "rescan", "path": "other"},
        {"event": "rescan", "path": "x" * 255 + "/y" * 1920},
    ]


def test_a_full_batch_is_delivered_at_once() -> None:
    changes, events = listening()
    for number in range(MOST_PENDING):
        changes.add("created", b"%d" % number)
    assert len(events) == 1
    assert not changes.are_pending


def test_nothing_is_gathered_while_nobody_listens() -> None:
    changes, events = listening()
    changes.wanted = False
    changes.add("created", b"a")
    changes.rescan(b"")
    changes.flush()
    assert events == []
