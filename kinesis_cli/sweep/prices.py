"""Prices of Lambda and Kinesis, from one dated file; kcli's own is `prices.json` beside this."""

from collections.abc import Mapping, Sequence
from importlib.resources import files

import msgspec

from kinesis_cli.errors import InputError


class Tier(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A price up to a quantity."""

    price: float
    up_to: float | None = None  # in a month; None: without end


class LambdaPrices(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Of calls."""

    million_requests: float
    gb_second: Mapping[str, tuple[Tier, ...]]  # by architecture


class ProvisionedPrices(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Of a stream with a number of shards."""

    shard_hour: float
    million_put_payload_units: float
    extended_retention_shard_hour: float  # from 24 hours on, up to 7 days and beyond
    long_term_retention_gb_month: float  # beyond 7 days
    fan_out_shard_hour: float
    fan_out_gb: float


class OnDemandPrices(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Of a stream on demand, as On-demand Standard."""

    stream_hour: float
    gb_in: float
    gb_out: float
    fan_out_gb: float
    extended_retention_gb_month: float
    long_term_retention_gb_month: float


class Prices(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What AWS asks in one region."""

    region: str
    date: str  # of the prices, YYYY-MM-DD
    currency: str
    sources: tuple[str, ...]
    lambda_: LambdaPrices = msgspec.field(name="lambda")
    provisioned: ProvisionedPrices
    on_demand: OnDemandPrices


def known_prices() -> Prices:
    """kcli's own."""
    return msgspec.json.decode(own_prices(), type=Prices)


def own_prices() -> bytes:
    """The file of kcli's own."""
    return (files(__package__) / "prices.json").read_bytes()


def prices_of(document: object, place: str) -> Prices:
    """The prices of a file in the same form; what it does not tell is as in kcli's own.

    Raises:
        InputError: it has a member that is not a price, or a price that is not a number.
    """
    merged = _merged(msgspec.json.decode(own_prices()), document)
    try:
        found = msgspec.convert(merged, Prices)
    except msgspec.ValidationError as error:
        raise InputError(
            f"not prices as kcli reads them: {error}",
            place=place,
            advice="docs/reading-a-delivery.md tells how to write them.",
        ) from error
    _refuse_impossible(found, place)
    return found


def _merged(own: object, given: object) -> object:
    if not isinstance(own, dict) or not isinstance(given, Mapping):
        return given
    return {**own, **{name: _merged(own.get(name), value) for name, value in given.items()}}


def _refuse_impossible(prices: Prices, place: str) -> None:
    tiers = [tier.price for each in prices.lambda_.gb_second.values() for tier in each]
    numbers = (
        prices.lambda_.million_requests,
        *tiers,
        *msgspec.structs.astuple(prices.provisioned),
        *msgspec.structs.astuple(prices.on_demand),
    )
    if not all(0 <= number < 1e9 for number in numbers):
        raise InputError("a price is below 0, or not finite", place=place)
    if any(not each or each[-1].up_to is not None for each in prices.lambda_.gb_second.values()):
        raise InputError("the last tier of lambda.gbSecond has an end", place=place)


def tiered(quantity: float, tiers: Sequence[Tier]) -> float:
    """What a quantity costs in all."""
    cost, begin = 0.0, 0.0
    for tier in tiers:
        end = quantity if tier.up_to is None else min(quantity, tier.up_to)
        cost += max(end - begin, 0.0) * tier.price
        begin = max(begin, end)
    return cost
