"""What of the segments is tuned, as values, each with where it comes from.

"As published" says that the figures of docs/segments.md (``make bench-segments``) were measured
with this value, and that no other is on record. What is promised (a month between refits, twenty
buyers, three hundredths past a border) or follows from a definition is not tuned and stays beside
its code, and so does what the serving side must know without learning.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SpaceTuning:
    """The axes, learnt from what customers did next."""

    # Values are cut at so many robust spreads from the middle. As published.
    winsor: float = 4.0
    # Outcomes and returns below which a curve is assumed, outcomes below which the mixture of the
    # value axis is. As published.
    fewest_outcomes: int = 60
    fewest_returns: int = 15
    # Outcomes at which the learnt curve, returns at which its steps, and repeat customers at which
    # the learnt mixture count for half. As published; steps alone moved borders from sample to
    # sample (decision 0007).
    half_outcomes: int = 100
    half_returns: int = 300
    half_repeat: int = 200
    # Steps are fitted to so many bins, and averaged over so many Poisson resamples. As published.
    bins: int = 40
    resamples: int = 30
    # Activity 1 is the mean chance of this freshest share. As published.
    fresh_share: float = 0.25
    # Of the assumed curve in the learnt one: keeps it falling, so that time tells. As published.
    assumed_share: float = 0.02
    # Quantiles of the usual gaps that are the shop's short and long one, the gaps below which the
    # long one is assumed, and what then. As published.
    short_gap: float = 0.25
    long_gap: float = 0.8
    fewest_gaps: int = 6
    assumed_long_gap_days: float = 120.0


@dataclass(frozen=True, slots=True)
class ClusterTuning:
    """Cells around anchors, and which of them are united."""

    # Weight of all anchors of an axis together, in shares of its customers. As published.
    anchor_weight: float = 0.5
    # A branch of fewer is one segment. As published.
    fewest_in_branch: int = 10
    # A cell with less of a share and fewer customers goes to its neighbour. Young shops cut from
    # ten years of gifts and from invented ones, and few VIPs of seeds from 100 on: with .005 and 20
    # the best dozen of a small shop were nobody's segment, and rare VIPs at times either.
    least_share: float = 0.003
    least_count: int = 10
    # A branch is told apart where its axes explain this share of what its customers spent next,
    # beyond chance; of fewer it is assumed. As published: noise gives two segments every time.
    least_explained: float = 0.005
    differ_p: float = 0.002
    fewest_to_judge: int = 60
    # Leaves of the last run stay more easily, others must earn their place: factors on sizes and
    # on tests. As published: sixty nights kept all ids.
    sticky_size: float = 0.2
    strict_size: float = 4.0
    sticky_test: float = 0.5
    strict_test: float = 2.0
    # What either half of a segment must have at least. As published.
    half_share: float = 0.02
    half_count: int = 30


@dataclass(frozen=True, slots=True)
class BorderTuning:
    """What is learnt around the cells: the window, habits, and how reliable a fit is."""

    # The window is a quarter of the history within these bounds; with fewer returns in it nothing
    # is learnt. As published.
    shortest_window_days: int = 28
    longest_window_days: int = 180
    fewest_returns: int = 30
    # Where the last window knows fewer customers, so many windows before it help to judge whether
    # a branch differs. The same young shops; 160 of noise had no more segments for it.
    enough_known: int = 4000
    earlier_windows: int = 2
    # Refits behind the confidence, and their rows. As published; time grows with both.
    refits: int = 8
    most_rows_in_a_refit: int = 25_000
    # Distances at which confidence is kept. As published.
    reliability_points: int = 50
    # Customers that a habit must have to be a segment. As published.
    fewest_with_habit: int = 30
    least_share_with_habit: float = 0.005
    # What a small tree must describe for a habit to be kept: a little more than the four fifths
    # that are promised, for a tree on other sums must reach them too. Rows it is judged by: time.
    least_described: float = 0.82
    most_rows_described: int = 5_000


@dataclass(frozen=True, slots=True)
class NightTuning:
    """Which new borders are adopted."""

    # Share of the customers who did not order that new borders may move. Decision 0007.
    most_moved: float = 0.05
    # How much of the standing space a refit keeps; more, where less would move too many at once.
    # Decision 0007.
    shares_of_previous: tuple[float, ...] = (0.5, 0.75, 0.875)


@dataclass(frozen=True, slots=True)
class SegmentTuning:
    """All of it; ``replace(TUNED, night=replace(TUNED.night, most_moved=0.1))`` differs."""

    space: SpaceTuning = SpaceTuning()
    cluster: ClusterTuning = ClusterTuning()
    borders: BorderTuning = BorderTuning()
    night: NightTuning = NightTuning()


TUNED = SegmentTuning()
