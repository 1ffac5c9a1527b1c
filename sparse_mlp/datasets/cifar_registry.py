"""CIFAR-10 and CIFAR-100 in their binary version: files, checksums, archive, licence, citation."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from sparse_mlp.datasets.file_sets import Archive, FileSet, FileSpec

IMAGE_SHAPE = (3, 32, 32)


@dataclass(frozen=True)
class CifarSet(FileSet):
    """Describe one data set in CIFAR format.

    Attributes
    ----------
    label_ranges : tuple of int
        Number of values of each label byte that precedes the pixels; the last one is the class.
    """

    image_shape: tuple[int, ...] = IMAGE_SHAPE
    label_ranges: tuple[int, ...] = (10,)

    @property
    def training_files(self) -> tuple[FileSpec, ...]:
        """Return the training batches, first one first."""
        return tuple(file for file in self.files if file.role.startswith("train"))

    def needed(self, roles: Container[str]) -> tuple[FileSpec, ...]:
        """Return the files that loading needs and `roles` lack: the test batch, and at least one training batch."""
        missing = super().needed(roles)
        if any(file not in missing for file in self.training_files):
            return tuple(file for file in missing if file not in self.training_files)
        return missing


_BATCHES = (
    "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
    "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed",
    "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67",
    "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48",
    "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add",
)
_FINE_NAMES = (
    "apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can "
    "castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin "
    "elephant flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard "
    "lobster man maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear "
    "pickup_truck pine_tree plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark "
    "shrew skunk skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper table tank telephone "
    "television tiger tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm"
)
_LICENCE = "no licence stated by its authors, who ask to be cited"
_CITATION = "Krizhevsky, Learning multiple layers of features from tiny images, 2009"

_CIFAR_10 = CifarSet(
    name="cifar-10",
    title="CIFAR-10",
    class_names=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    files=(
        *(FileSpec(f"data_batch_{i}.bin", f"train_{i}", 10_000, digest) for i, digest in enumerate(_BATCHES, 1)),
        FileSpec("test_batch.bin", "test", 10_000, "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b"),
    ),
    licence=_LICENCE,
    citation=_CITATION,
    archive=Archive(
        url="https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
        sha256="c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
        folder="cifar-10-batches-bin",
        suffix="",
    ),
)

_CIFAR_100 = CifarSet(
    name="cifar-100",
    title="CIFAR-100",
    class_names=tuple(_FINE_NAMES.split()),
    files=(
        FileSpec("train.bin", "train", 50_000, "f31298fc616915fa142368359df1c4ca2ae984d6915ca468b998a5ec6aeebf29"),
        FileSpec("test.bin", "test", 10_000, "d8b1e6b7b3bee4020055f0699b111f60b1af1e262aeb93a0b659061746f8224a"),
    ),
    licence=_LICENCE,
    citation=_CITATION,
    archive=Archive(
        url="https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
        sha256="58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
        folder="cifar-100-binary",
        suffix="",
    ),
    label_ranges=(20, 100),
)

CIFAR_SETS: dict[str, CifarSet] = {entry.name: entry for entry in (_CIFAR_10, _CIFAR_100)}
