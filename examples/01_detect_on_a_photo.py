"""Detect the unexpected in one photo: python examples/01_detect_on_a_photo.py photo.jpg [fast]"""

import sys

from unexpected_core import load_detector
from unexpected_core.images import read_image, write_image
from unexpected_core.visualize import overlay

if len(sys.argv) < 2:
    sys.exit(__doc__)
photo = sys.argv[1]
weights = sys.argv[2] if len(sys.argv) > 2 else "fast"  # "random" needs no weights and means nothing

image = read_image(photo)  # RGB uint8 [H, W, 3]
detector = load_detector(weights)
detection = detector.detect(image)  # score, mask, labels, resynthesis, regions: all at the photo's own size

for region in detection.regions:
    print(
        f"{region.width}x{region.height} at ({region.x}, {region.y}): score {region.score:.2f}, "
        f"{region.road_fraction:.0%} on the road"
    )
print(f"{len(detection.regions)} regions in {sum(detection.timings.values()):.0f} ms -> overlay.png")
write_image("overlay.png", overlay(image, detection))
