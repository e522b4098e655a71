"""The system of "Detecting the Unexpected via Image Resynthesis" (Lis, Nakka, Fua & Salzmann, ICCV 2019)."""

from __future__ import annotations

from torch import Tensor, nn

from unexpected_core.networks.discrepancy import DiscrepancyNetwork
from unexpected_core.networks.pix2pixhd import Pix2PixHdGenerator, tanh_to_eight_bits
from unexpected_core.scorers.base import Scorer, segment
from unexpected_core.scorers.published import Published
from unexpected_core.scorers.settings import ResynthesisInput
from unexpected_core.structs import Scores


class Iccv2019Scorer(Scorer):
    """Segment, resynthesise, compare; the score is the comparison's probability of channel 1.

    segmenter: see scorers.base.segment. generator: None for the labels-only method. resynthesis_input: see
    PublishedSettings.
    """

    def __init__(
        self,
        segmenter: nn.Module,
        generator: Pix2PixHdGenerator | None,
        discrepancy: DiscrepancyNetwork,
        resynthesis_input: ResynthesisInput,
    ) -> None:
        super().__init__()
        self.segmenter, self.generator, self.discrepancy = segmenter, generator, discrepancy
        self.resynthesis_input = resynthesis_input

    def forward(self, images: Tensor) -> Scores:
        """See Scorer.forward."""
        labels = segment(self.segmenter, images).argmax(1).byte()  # [B, H, W]
        if self.generator is None:
            logits = self.discrepancy(images, labels)
            return Scores(logits.float().softmax(1)[:, 1], labels)
        painted = self.generator.forward_tanh(labels)  # [B, 3, H, W] in [-1, 1]
        resynthesis = tanh_to_eight_bits(painted)
        logits = self._compare(images, painted, resynthesis.to(images), labels)
        return Scores(logits.float().softmax(1)[:, 1], labels, resynthesis)

    def _compare(self, images: Tensor, painted: Tensor, resynthesis: Tensor, labels: Tensor) -> Tensor:
        """-> logits [B, 2, H, W]."""
        normalise = self.discrepancy.normalise
        seen = painted if self.resynthesis_input == "raw_tanh" else normalise(resynthesis)
        return self.discrepancy.forward_normalised(normalise(images), seen, labels)


def iccv2019(source: Published) -> Scorer:
    """The full method: photograph against resynthesis and labels."""
    return _assemble("iccv2019", source)


def iccv2019_generator_only(source: Published) -> Scorer:
    """Photograph against resynthesis."""
    return _assemble("iccv2019_generator_only", source)


def iccv2019_labels_only(source: Published) -> Scorer:
    """Photograph against labels; nothing is painted."""
    return _assemble("iccv2019_labels_only", source)


def _assemble(name: str, source: Published) -> Scorer:
    segmenter, known_as = source.open_segmenter()
    *generator, discrepancy = source.networks(name)
    if not generator and source.compat:
        discrepancy.label_padding = "road"
    scorer = Iccv2019Scorer(segmenter, next(iter(generator), None), discrepancy, source.resynthesis_input)
    return source.finish(scorer, name, known_as)
