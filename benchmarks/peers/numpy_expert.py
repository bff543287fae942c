"""numpy by an expert: chunks that stay in cache, SFC64, a stream a chunk, a pool of two threads.

Up to 2e7 draws all outputs are kept and the quantiles are exact; beyond, histograms of 65,536 bins bound the memory.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from benchmarks import workload
from benchmarks.peers.sampling import draw
from benchmarks.workload import FloatArray

CHUNK = 32_768
THREADS = 2
MOST_KEPT = 20_000_000
BINS = 65_536


def chunk(key: np.random.SeedSequence, n: int) -> list[FloatArray]:
    """The outputs of n draws."""
    rng = np.random.Generator(np.random.SFC64(key))
    return workload.evaluate({one.name: draw(rng, one, n) for one in workload.PARAMETERS})


def run(n: int, seed: int) -> FloatArray:
    """18 rows of statistics from n draws."""
    with ThreadPoolExecutor(THREADS) as pool:
        return _kept(pool, n, seed) if n <= MOST_KEPT else _counted(pool, n, seed)


def _kept(pool: ThreadPoolExecutor, n: int, seed: int) -> FloatArray:
    starts = range(0, n, CHUNK)
    keys = np.random.SeedSequence(seed).spawn(len(starts))
    outputs = np.empty((len(workload.OUTPUTS), n))

    def fill(start: int, key: np.random.SeedSequence) -> None:
        end = min(start + CHUNK, n)
        for row, values in zip(outputs, chunk(key, end - start), strict=True):
            row[start:end] = values

    def summarise(row: FloatArray) -> list[float]:
        return [row.mean(), row.std(ddof=1), *np.quantile(row, workload.PROBABILITIES, overwrite_input=True)]

    list(pool.map(fill, starts, keys))
    return np.array(list(pool.map(summarise, outputs)))


def _counted(pool: ThreadPoolExecutor, n: int, seed: int) -> FloatArray:
    pilot = np.array(chunk(np.random.SeedSequence([seed, n]), 100_000))
    low, high = pilot.min(axis=1), pilot.max(axis=1)
    width = high - low
    low, scale = low - 0.5 * width, BINS / (3 * width)
    centre = np.median(pilot, axis=1)

    def share(first: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        counts = np.zeros((len(low), BINS), np.int64)
        sums, squares = np.zeros(len(low)), np.zeros(len(low))
        for start in range(first * CHUNK, n, THREADS * CHUNK):
            for j, values in enumerate(chunk(np.random.SeedSequence([seed, start]), min(CHUNK, n - start))):
                bins = ((values - low[j]) * scale[j]).astype(np.int32)
                counts[j] += np.bincount(np.clip(bins, 0, BINS - 1), minlength=BINS)
                values -= centre[j]
                sums[j] += values.sum()
                squares[j] += values @ values
        return counts, sums, squares

    counts, sums, squares = (sum(parts) for parts in zip(*pool.map(share, range(THREADS)), strict=True))
    sd = np.sqrt((squares - sums * sums / n) / (n - 1))
    ranks = np.array(workload.PROBABILITIES) * n
    bins = np.array([np.searchsorted(row, ranks) for row in counts.cumsum(axis=1)])
    return np.column_stack([centre + sums / n, sd, low[:, None] + (bins + 0.5) / scale[:, None]])
