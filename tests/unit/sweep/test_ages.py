"""Percentiles of a run, in bounded memory."""

import random

import pytest

from kinesis_cli.sweep.ages import Ages, AgesSeen


def test_few_ages_are_ranked_exactly() -> None:
    seen = AgesSeen()
    seen.add(float(age) for age in range(100, 0, -1))
    assert seen.result() == Ages(50.0, 99.0, 100.0)


def test_one_age_is_all_of_them() -> None:
    seen = AgesSeen()
    seen.add([2.5])
    assert seen.result() == Ages(2.5, 2.5, 2.5)


def test_without_any_all_is_zero() -> None:
    assert AgesSeen().result() == Ages()


def test_of_many_ages_few_are_kept_and_the_highest_is_exact() -> None:
    source = random.Random(7)
    ages = [source.expovariate(1.0) for _ in range(50_000)]
    ages[31_777] = 1_000.0
    seen, whole = AgesSeen(max_kept=4_000), AgesSeen()
    seen.add(ages)
    whole.add(ages)
    assert seen.result().p50 == pytest.approx(whole.result().p50, rel=0.1)
    assert seen.result().p99 == pytest.approx(whole.result().p99, rel=0.1)
    assert seen.result().highest == 1_000.0
    assert len(seen._kept) < 4_000
