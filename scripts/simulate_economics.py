#!/usr/bin/env python3
"""What an attacker, or an erratic model, can cost a protocol that acts on an oracle or a risk updater.

    scripts/simulate_economics.py [--out docs/economics.svg] [--points]

Needs numpy and matplotlib, and nothing else does. Prints the tables of docs/economics.md, and plots.
`--points` prints the figures that solidity/test/consumers/Economics.t.sol holds the contracts to, so
that the rules here are theirs:

    here                contract
    Band                MoveBand.sol (the same integers)
    Feed.offer          InferenceOracle._take, _park (one step, two steps)
    step                RiskLimits.step
    hostile_updates     RiskParameterUpdater: veto window, minimum delay, one step an execution
"""

import argparse
from dataclasses import dataclass
from math import comb, floor
from pathlib import Path

import numpy as np

BLOCK = 12
FRACTION = 32


class Band:
    """Between what answers were, lately: MoveBand.sol, integer by integer."""

    def __init__(self, answer, max_move, bps, window):
        self.low = self.high = answer << FRACTION
        self.limit = (max_move, bps, window)

    def cap(self, scaled):
        max_move, bps, _ = self.limit
        return max(abs(scaled) * bps // 10_000, max_move << FRACTION)

    def relax(self, latest, elapsed):
        window = self.limit[2]
        scaled = latest << FRACTION
        low = self.low + self.cap(self.low) * elapsed // window
        high = self.high - self.cap(self.high) * elapsed // window
        self.low, self.high = min(low, scaled), max(high, scaled)

    def range(self):
        greatest = (self.low + self.cap(self.low)) >> FRACTION
        least = -((self.cap(self.high) - self.high) >> FRACTION)
        return least, greatest

    def hold(self, answer):
        scaled = answer << FRACTION
        self.low, self.high = min(self.low, scaled), max(self.high, scaled)


class Feed:
    """An oracle: answers within the cap are taken at once, others when shown twice."""

    def __init__(self, answer, bps, window, confirm_delay):
        self.answer, self.bps, self.window, self.delay = answer, bps, window, confirm_delay
        self.band, self.since, self.parked = Band(answer, 0, bps, window), 0, None

    def offer(self, answer, now):
        """Whether it is taken."""
        self.band.relax(self.answer, now - self.since)
        self.since = now
        least, greatest = self.band.range()
        if least <= answer <= greatest:
            self.band.hold(answer)
            self.answer, self.parked = answer, None
            return True
        up = answer > self.answer
        if self.parked and self.parked[1] == up:
            at, _, seen = self.parked
            seen = min(seen, answer) if up else max(seen, answer)
            self.parked = (at, up, seen)
            if now >= at + self.delay:
                self.answer, self.parked = seen, None
                self.band = Band(seen, 0, self.bps, self.window)
                return True
            return False
        self.parked = (now, up, answer)
        return False


def greedy(answer, bps, window, seconds, max_move=0):
    """The highest answer that whoever has the quorum can reach without a confirmation, and the lowest."""
    ends = []
    for side in (1, 0):
        band, latest = Band(answer, max_move, bps, window), answer
        for now in range(0, seconds + 1, BLOCK):
            if now:
                band.relax(latest, BLOCK)
            latest = band.range()[side]
            band.hold(latest)
        ends.append(latest)
    return ends


def step(live, target, most, granularity):
    """RiskLimits.step with a clamped, absolute limit."""
    up = target > live
    change = min(abs(target - live), most)
    value = live + change if up else live - change
    rest = value % granularity
    if rest:
        value = value - rest if up else value + granularity - rest
    if (value < live) if up else (value > live):
        return live
    return value


def hostile_updates(reaction, veto, delay):
    """How many times a hostile source moves a parameter before a guardian acts, `reaction` seconds after
    the first proposal. Each proposal waits; executions of one parameter are a delay apart."""
    return 0 if reaction <= veto else 1 + floor((reaction - veto - 1) / delay)


def bad_debt(ratio, loan_to_value):
    """Of a loan at its limit against a price that is `ratio` times the right one: what the collateral
    doesn't cover, by the collateral's worth."""
    return max(0.0, ratio * loan_to_value - 1.0)


def quorum(n, k, p):
    """The chance that k of n signers are an attacker's if each is with chance p."""
    return sum(comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k, n + 1))


@dataclass
class Market:
    name: str
    hourly: float  # standard deviation of the price in an hour
    jumps: float  # chance of a jump an hour
    jump: float  # and its size
    loan_to_value: float
    threshold: float
    bps: int
    window: int
    confirm: int
    max_age: int
    step: float
    delay: int
    veto: int


MARKETS = [
    Market("stablecoin, liquid staking", 0.0006, 0.0005, 0.01, 0.90, 0.93, 50, 3600, 7200, 86_400, 0.005, 86_400, 21_600),
    Market("large (ETH, BTC)", 0.008, 0.002, 0.05, 0.80, 0.83, 300, 3600, 7200, 7200, 0.01, 86_400, 21_600),
    Market("middle", 0.015, 0.005, 0.10, 0.65, 0.70, 600, 3600, 7200, 7200, 0.02, 86_400, 43_200),
    Market("long tail", 0.035, 0.02, 0.20, 0.40, 0.50, 1500, 3600, 10_800, 3600, 0.02, 172_800, 86_400),
]

# Guardians: the median's reaction, and the spread of its logarithm: half within 20 minutes, nineteen of
# twenty within an hour and three quarters.
REACTION, SPREAD = 1200.0, 1.0


def reactions(rng, count):
    return rng.lognormal(np.log(REACTION), SPREAD, count)


def loss_of_takeover(market, reaction, start=2_000 * 10**8):
    """Bad debt of whoever takes the quorum over and is stopped `reaction` seconds later: within the cap
    until a move can be confirmed, whatever the feed's range allows from then on (here: ten times)."""
    if reaction >= market.confirm:
        return bad_debt(10.0, market.loan_to_value)
    high, _ = greedy(start, market.bps, market.window, int(reaction))
    return bad_debt(high / start, market.loan_to_value)


def honest_day(rng, market, hours=24 * 20, every=60):
    """A feed with honest data: the share of time it is more than half of the distance between loan-to-value
    and threshold away from the price, and the longest it takes to follow."""
    start = 2_000 * 10**8
    feed, price, away, longest, run = Feed(start, market.bps, market.window, market.confirm), float(start), 0, 0, 0
    steps = hours * 3600 // every
    noise = rng.normal(0, market.hourly * np.sqrt(every / 3600), steps)
    jump = rng.random(steps) < market.jumps * every / 3600
    sign = rng.choice([-1, 1], steps)
    slack = (market.threshold - market.loan_to_value) / 2
    for i in range(steps):
        price *= float(np.exp(noise[i])) * (1 + sign[i] * market.jump if jump[i] else 1)
        feed.offer(int(price), (i + 1) * every)
        if abs(feed.answer / price - 1) > slack:
            run += every
            away += every
            longest = max(longest, run)
        else:
            run = 0
    return away / (steps * every), longest


def erratic_day(rng, market, rate, size, hours=24 * 20, every=60):
    """A model that is right but for a share `rate` of its answers, which are `size` off: how far the feed
    goes astray at most. One outlier is parked; two in a row to one side, a delay apart, are taken."""
    start = 2_000 * 10**8
    feed, price, worst = Feed(start, market.bps, market.window, market.confirm), float(start), 0.0
    steps = hours * 3600 // every
    noise = rng.normal(0, market.hourly * np.sqrt(every / 3600), steps)
    wrong = rng.random(steps) < rate
    for i in range(steps):
        price *= float(np.exp(noise[i]))
        feed.offer(int(price * (1 + size) if wrong[i] else price), (i + 1) * every)
        worst = max(worst, feed.answer / price - 1)
    return worst


def liquidated(rng, fall, threshold, count=200_000):
    """The share of debt that can be liquidated at once when the threshold falls by `fall`: health factors
    of debts are lognormal above one, a tenth of them within 5 %."""
    health = 1 + rng.lognormal(np.log(0.25), 1.25, count)
    return float(np.mean(health < threshold / (threshold - fall)))


def tables(rng):
    print("Attacker with a quorum of the signers, loan at the limit; guardians as described\n")
    print("| market | cap | after 1 min | 30 min | 1 h | confirmable | mean loss | worst of 20 |")
    print("|---|---|---|---|---|---|---|---|")
    times = reactions(rng, 2_000)
    for m in MARKETS:
        moved = [greedy(2_000 * 10**8, m.bps, m.window, s)[0] / (2_000 * 10**8) - 1 for s in (60, 1800, 3600)]
        losses = np.array([loss_of_takeover(m, t) for t in times])
        late = float(np.mean(times >= m.confirm))
        print(
            f"| {m.name} | {m.bps / 100:.2f} % in {m.window // 60} min | "
            + " | ".join(f"{x * 100:.1f} %" for x in moved)
            + f" | {late * 100:.1f} % | {losses.mean() * 100:.1f} % | {np.quantile(losses, 0.95) * 100:.1f} % |"
        )
    print("\nHonest data: how well the feed follows\n")
    print("| market | away for | longest | worst by an erratic model, 1 in 100 answers off by half |")
    print("|---|---|---|---|")
    for m in MARKETS:
        days = [honest_day(rng, m) for _ in range(3)]
        astray = max(erratic_day(rng, m, 0.01, 0.5) for _ in range(3))
        print(
            f"| {m.name} | {np.mean([d[0] for d in days]) * 100:.2f} % of the time | "
            f"{max(d[1] for d in days) // 60} min | {astray * 100:.1f} % |"
        )
    print("\nHostile source of risk parameters\n")
    print("| market | step, delay, veto | steps until stopped: mean | none | debt liquidated by one | mean |")
    print("|---|---|---|---|---|---|")
    for m in MARKETS:
        counts = np.array([hostile_updates(t, m.veto, m.delay) for t in reactions(rng, 20_000)])
        one = liquidated(rng, m.step, m.threshold)
        mean = float(np.mean([liquidated(rng, m.step * c, m.threshold, 2_000) for c in counts[:500]]))
        print(
            f"| {m.name} | {m.step * 100:.1f} points, {m.delay // 3600} h, {m.veto // 3600} h | {counts.mean():.4f} | "
            f"{np.mean(counts == 0) * 100:.2f} % | {one * 100:.1f} % | {mean * 100:.2f} % |"
        )
    print("\nThe chance that an attacker has a quorum, if a signer is his with a chance of\n")
    print("| signers | 1 % | 5 % | 10 % | 20 % |")
    print("|---|---|---|---|---|")
    for n, k in ((1, 1), (3, 2), (5, 3), (7, 5), (9, 6)):
        print(f"| {k} of {n} | " + " | ".join(f"{quorum(n, k, p):.1e}" for p in (0.01, 0.05, 0.1, 0.2)) + " |")


def plot(path):
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "verdict", "font.size": 9})
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 2, figsize=(10, 7.5))
    start, minutes = 2_000 * 10**8, np.arange(0, 121, 5)
    for bps in (100, 300, 600, 1000, 1500):
        moved = [greedy(start, bps, 3600, int(m) * 60)[0] / start - 1 for m in minutes]
        axes[0, 0].plot(minutes, np.array(moved) * 100, label=f"cap {bps / 100:.0f} %")
    axes[0, 0].set(title="Feed under an attacker's quorum", xlabel="minutes", ylabel="above the price, %")
    axes[0, 0].legend()
    caps = np.arange(25, 2001, 75)
    for ltv in (0.9, 0.8, 0.65, 0.4):
        loss = [bad_debt(greedy(start, int(b), 3600, 1800)[0] / start, ltv) * 100 for b in caps]
        axes[0, 1].plot(caps / 100, loss, label=f"loan-to-value {ltv:.0%}")
    axes[0, 1].set(title="Bad debt after half an hour", xlabel="cap, % in an hour", ylabel="% of the collateral")
    axes[0, 1].legend()
    hours = np.linspace(0, 96, 400)
    for veto, delay in ((6, 24), (24, 24), (6, 72), (24, 72)):
        steps = [hostile_updates(h * 3600, veto * 3600, delay * 3600) for h in hours]
        axes[1, 0].step(hours, steps, label=f"veto {veto} h, delay {delay} h")
    axes[1, 0].set(title="Steps of a hostile risk source", xlabel="guardian acts after, h", ylabel="steps")
    axes[1, 0].legend()
    rng, falls = np.random.default_rng(1), np.arange(0, 0.061, 0.005)
    for threshold in (0.93, 0.83, 0.5):
        share = [liquidated(rng, f, threshold) * 100 for f in falls]
        axes[1, 1].plot(falls * 100, share, label=f"threshold {threshold:.0%}")
    axes[1, 1].set(title="Debt liquidated at once", xlabel="threshold lowered by, points", ylabel="% of the debt")
    axes[1, 1].legend()
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def points():
    print("greedy(start, bps, max move, window, seconds) -> highest, lowest")
    for start, bps, move, window, seconds in (
        (200_000_000_000, 1000, 0, 3600, 0),
        (200_000_000_000, 1000, 0, 3600, 3600),
        (200_000_000_000, 50, 0, 3600, 7200),
        (100_000_000, 300, 2_000_000, 1800, 1200),
    ):
        print(start, bps, move, window, seconds, "->", *greedy(start, bps, window, seconds, move))
    print("step(live, target, most, granularity)")
    for live, target, most, unit in ((8000, 7000, 150, 100), (8000, 9000, 199, 7), (8001, 7999, 50, 100), (5, 500, 3, 1)):
        print(live, target, most, unit, "->", step(live, target, most, unit))
    print("hostile_updates(reaction, veto, delay)")
    for reaction, veto, delay in ((3600, 3600, 21_600), (3601, 3600, 21_600), (25_200, 3600, 21_600), (25_201, 3600, 21_600), (90_000, 3600, 21_600)):
        print(reaction, veto, delay, "->", hostile_updates(reaction, veto, delay))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="where to plot")
    parser.add_argument("--points", action="store_true", help="what the contracts' test holds them to")
    given = parser.parse_args()
    if given.points:
        return points()
    tables(np.random.default_rng(20_261_130))
    if given.out:
        plot(given.out)


if __name__ == "__main__":
    main()
