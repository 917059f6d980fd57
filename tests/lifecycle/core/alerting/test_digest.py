"""A message for many alerts says how many, and names the first."""

from __future__ import annotations

import time

from lifecycle.core.alerting import common_cause, digest
from lifecycle.core.alerting.common_cause import What
from lifecycle.core.alerting.digest import Counts


def test_a_group_is_over_only_when_nothing_of_it_fires() -> None:
    assert Counts(firing=0, resolved=3).over
    assert not Counts(firing=0, resolved=3, still=1).over
    assert not Counts(firing=1, resolved=3).over
    assert not Counts(firing=0, resolved=3, reminders=1).over


def test_the_headline_says_how_many_what_and_why() -> None:
    names = [f"s{number}" for number in range(40)]
    said = digest.headline(
        Counts(firing=40, resolved=2, still=3), names, ["Service down"], ["40 share a host"]
    )
    assert said == (
        "40 alerts firing, 2 alerts resolved, 3 of the same message still firing (40 share a host): "
        "s0, s1, s2, s3, s4 and 35 more [Service down]"
    )


def things(*names: str) -> list[common_cause.Thing]:
    return [(What(name.partition(":")[0]), name.partition(":")[2]) for name in names]


def test_what_those_that_fail_share_is_named_the_largest_first_and_each_accused_once() -> None:
    failing = {n: things("host:a", "credential:k") for n in range(5)} | {
        n: things("command:npx", "credential:k") for n in range(5, 8)
    }
    everywhere = {(What.HOST, "a"): 5, (What.COMMAND, "npx"): 3, (What.CREDENTIAL, "k"): 30}
    found = [(one.what.value, one.name, one.count) for one in common_cause.causes(failing, everywhere)]
    assert found == [("host", "a", 5), ("command", "npx", 3)]


def test_two_of_fifty_on_one_host_do_not_accuse_the_host() -> None:
    failing = {n: things("host:a") for n in range(2)}
    assert common_cause.causes(failing, {(What.HOST, "a"): 50}) == []
    assert common_cause.causes(failing, {(What.HOST, "a"): 4})


def test_thousands_of_causes_among_ten_thousand_are_found_at_once() -> None:
    failing = {n: things(f"host:h{n // 5:04}", f"credential:k{n % 7}") for n in range(10_000)}
    everywhere = {(What.HOST, f"h{n:04}"): 5 for n in range(2000)}
    everywhere |= {(What.CREDENTIAL, f"k{n}"): 10_000 for n in range(7)}
    began = time.thread_time()
    found = common_cause.causes(failing, everywhere)
    assert time.thread_time() - began < 1, "once for each cause through all services takes 6 s"
    assert len(found) == 2000 and (found[0].name, found[0].count) == ("h1999", 5)
