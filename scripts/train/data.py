"""The real data sets of scikit-learn the models learn from, split and seeded once for all of them."""

import common  # noqa: F401  (one thread, before numpy)
import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_sample_images, load_wine
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import KBinsDiscretizer

SEED = 20261120
# Arbitrary codes of five categories, so that an encoder has something to look up.
CODES = np.array([3, 7, 12, 20, 31])


def split(x, y, test_size, stratify=True):
    return train_test_split(x, y, test_size=test_size, random_state=SEED, stratify=y if stratify else None)


def digits():
    data = load_digits()
    return split(data.data.astype(np.float64), data.target.astype(np.int64), 0.2)


def upscale(images, size):
    """Bilinear, pixel centres aligned (align_corners = false), to integers 0..255."""
    old = images.shape[-1]
    at = np.clip((np.arange(size) + 0.5) * old / size - 0.5, 0, old - 1)
    low = np.minimum(np.floor(at).astype(int), old - 2)
    part = at - low
    matrix = np.zeros((size, old))
    matrix[np.arange(size), low] += 1 - part
    matrix[np.arange(size), low + 1] += part
    return np.rint(matrix @ images @ matrix.T * (255.0 / 16.0)).clip(0, 255)


def digits28():
    x, xt, y, yt = digits()
    return *(upscale(rows.reshape(-1, 8, 8), 28).reshape(len(rows), 784) for rows in (x, xt)), y, yt


def digit_images(size):
    """The digits as images of one channel: as they are (8x8, 0..16) or upscaled to size x size (0..255)."""
    if size == 8:
        x, xt, y, yt = digits()
        return x.reshape(-1, 1, 8, 8), xt.reshape(-1, 1, 8, 8), y, yt
    assert size == 28
    x, xt, y, yt = digits28()
    return x.reshape(-1, 1, 28, 28), xt.reshape(-1, 1, 28, 28), y, yt


def digit_tokens():
    """Each digit as 8 tokens, its rows, of 8 pixels."""
    x, xt, y, yt = digits()
    return x.reshape(-1, 8, 8), xt.reshape(-1, 8, 8), y, yt


def digit_components(count):
    """The digits' leading principal components (of the training rows), each of variance 1."""
    x, xt, y, yt = digits()
    pca = PCA(count, whiten=True, svd_solver="full").fit(x)
    return pca.transform(x), pca.transform(xt), y, yt


def noisy_components(count, rows):
    """`rows` draws of a held-out digit with a little pixel noise, as principal components: a large batch."""
    x, xt, _, yt = digits()
    pca = PCA(count, whiten=True, svd_solver="full").fit(x)
    rng = np.random.default_rng(SEED)
    chosen = rng.integers(0, len(xt), rows)
    noisy = (xt[chosen] + np.rint(rng.normal(0.0, 1.0, (rows, 64)))).clip(0, 16)
    return pca.transform(noisy), yt[chosen]


class PhotoDigits:
    """Digits over photographs, 3x32x32, 0..255: |patch - digit| in every colour, as the MNIST-M data set is made.

    The photographs are scikit-learn's china.jpg and flower.jpg; their left parts are behind the training digits,
    their right parts behind the held-out ones. `draw` places each digit anew: another patch, another place.
    """

    CUT = 384

    def __init__(self):
        x, xt, self.y, self.yt = digits()
        self.x, self.xt = (upscale(rows.reshape(-1, 8, 8), 28) for rows in (x, xt))
        photos = [photo.astype(np.float64) for photo in load_sample_images().images]
        self.left = [photo[:, : self.CUT] for photo in photos]
        self.right = [photo[:, self.CUT :] for photo in photos]

    @staticmethod
    def _paste(digit_rows, photos, rng, times):
        images = np.zeros((len(digit_rows) * times, 3, 32, 32), dtype=np.float32)
        for i, image in enumerate(images):
            photo = photos[rng.integers(len(photos))]
            top, left = (int(rng.integers(side - 32 + 1)) for side in photo.shape[:2])
            patch = photo[top : top + 32, left : left + 32].transpose(2, 0, 1).copy()
            down, right = rng.integers(5, size=2)
            patch[:, down : down + 28, right : right + 28] -= digit_rows[i % len(digit_rows)]
            image[:] = np.abs(patch)
        return images

    def draw(self, rng, times=1):
        """Training images, `times` of each digit, and their labels."""
        return self._paste(self.x, self.left, rng, times), np.tile(self.y, times)

    def split(self, times):
        rng = np.random.default_rng(SEED)
        x, y = self.draw(rng, times)
        return x, self._paste(self.xt, self.right, rng, times), y, np.tile(self.yt, times)


def breast_cancer(missing=0.0):
    """Raw features; `missing` is the share of values that are not a number, in training and held-out rows alike."""
    data = load_breast_cancer()
    x = data.data.astype(np.float32)
    if missing:
        x[np.random.default_rng(SEED).random(x.shape) < missing] = np.nan
    return split(x, data.target.astype(np.int64), 0.25)


def wine():
    data = load_wine()
    return split(data.data.astype(np.float32), data.target.astype(np.int64), 0.25)


def wine_categories():
    """Each feature of `wine` as one of five integer codes, a quintile of the training rows each."""
    x, xt, y, yt = wine()
    bins = KBinsDiscretizer(5, encode="ordinal", strategy="quantile", quantile_method="averaged_inverted_cdf").fit(x)
    return *(CODES[bins.transform(rows).astype(np.int64)] for rows in (x, xt)), y, yt


def diabetes():
    """Raw features (age, sex as 1 or 2, body mass index, blood pressure, six serum measurements)."""
    data = load_diabetes(scaled=False)
    return split(data.data.astype(np.float32), data.target.astype(np.float32), 0.25, stratify=False)


def digit_parity(count):
    """Leading principal components of the digits, labelled odd (1) or even (0)."""
    x, xt, y, yt = digit_components(count)
    return x.astype(np.float32), xt.astype(np.float32), y % 2, yt % 2


DIGITS = "scikit-learn digits (UCI optical recognition, test part), 1,797 images of 8x8, pixels 0..16"
BREAST_CANCER = "scikit-learn breast_cancer (Wisconsin diagnostic), 569 rows, 30 raw features"
WINE = "scikit-learn wine (UCI, three cultivars), 178 rows, 13 raw features"
DIABETES = "scikit-learn diabetes (Efron et al.), 442 rows, 10 raw features; the target is the disease's progression"


def digits_info(extra=""):
    return {"data": DIGITS + extra, "labels": [str(d) for d in range(10)], "decision": "argmax"}


def classes_info(text, loader):
    return {"data": text, "labels": [str(name) for name in loader().target_names]}


def breast_cancer_info():
    return classes_info(BREAST_CANCER, load_breast_cancer)


def wine_info():
    return classes_info(WINE, load_wine)
