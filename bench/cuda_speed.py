"""Detectors on a GPU: frames a second end to end, tails, memory, growth, cameras, sizes, and the ICCV 2019 system.

    PYTHONPATH=. python bench/cuda_speed.py                 # everything, about 4 minutes
    PYTHONPATH=. python bench/cuda_speed.py --only speed sizes --seconds 2

End to end is from the camera's bytes in memory to regions: copies both ways, all resizing and the components counted
in. Every line that begins with { is a measurement as JSON; --out appends them to a file. Ratios are of one process.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch

from unexpected_core import Detector, load_detector
from unexpected_core.files import commit
from unexpected_core.pipeline.measuring import circumstances, side_by_side, speed_of
from unexpected_core.pipeline.runtimes import torch_runner
from unexpected_core.pipeline.settings import DetectorSettings, ModelSettings
from unexpected_core.scorers import build_scorer

SIZE = (512, 1024)


def frames(size=SIZE, count=8):
    """Drawn roads; where drawing fails, plain noise (nothing here depends on what is to be seen)."""
    try:
        from unexpected_core.drawing.tracks import DrawnRoads
        from unexpected_core.images import resize_image

        roads = DrawnRoads("obstacle", count=count, size=SIZE)
        found = [np.ascontiguousarray(resize_image(roads[key].image, size)) for key in roads.keys[:count]]
    except Exception as error:
        print(f"no drawn roads ({error}): random pixels")
        found = list(np.random.default_rng(0).integers(0, 256, (count, *size, 3), np.uint8))
    return found


class Bench:
    def __init__(self, options):
        self.options = options
        self.about = circumstances() | {"gpu": torch.cuda.get_device_name(), "commit": commit()}
        print(json.dumps(self.about), flush=True)
        self.images = frames()

    def say(self, **values):
        line = json.dumps({key: round(v, 3) if isinstance(v, float) else v for key, v in values.items()})
        print(line, flush=True)
        if self.options.out:
            with Path(self.options.out).open("a", encoding="utf-8") as stream:
                print(json.dumps(self.about | json.loads(line)), file=stream)

    def detector(self, runtime="auto", precision="auto", name=None):
        return load_detector(name or self.options.detector, self.options.device, runtime=runtime, precision=precision)

    def turn(self, detector, images=None, batch=1):
        """A function that detects in the next image, or the next `batch` of them."""
        images, at = images or self.images, [0]

        def run():
            at[0] += batch
            chosen = [images[(at[0] + i) % len(images)] for i in range(batch)]
            detector.detect_batch(chosen, resynthesis=False)

        return run

    def speed(self):
        """Every runtime side by side at 512x1024, one image at a time."""
        detectors = {
            f"{runtime}, {precision}": self.detector(runtime, precision)
            for runtime in ("cuda_graph", "eager", "compile")
            for precision in ("float16", "float32")
            if not (runtime == "compile" and precision == "float32")
        }
        found = side_by_side({name: self.turn(d) for name, d in detectors.items()}, self.options.seconds, warm_up=4)
        for name, speed in found.items():
            self.say(
                what="512x1024 end to end",
                asked=name,
                did=detectors[name].description,
                **speed._asdict(),
                per_second=1e3 / speed.median,
                tail=speed.p99 / speed.median,
            )
        detector = detectors["cuda_graph, float16"]
        timings = [detector.detect(self.images[i % 8], resynthesis=False).timings for i in range(200)]
        self.say(what="stages, median ms", **{k: float(np.median([t[k] for t in timings])) for k in timings[0]})
        self.alone(detector)
        self.stream(detector)

    def alone(self, detector):
        """The same graph called over and over, with nothing beside it: the tails are its own."""
        run, times = self.turn(detector), []
        for _ in range(3000):
            start = time.perf_counter()
            run()
            times.append(1e3 * (time.perf_counter() - start))
        speed = speed_of(times)
        self.say(
            what="512x1024 end to end, alone",
            **speed._asdict(),
            per_second=1e3 * len(times) / sum(times),
            tail=speed.p99 / speed.median,
        )

    def stream(self, detector):
        count, start = 2000, time.perf_counter()
        for _ in detector.detect_stream((self.images[i % 8] for i in range(count)), resynthesis=False):
            pass
        self.say(what="512x1024 as a stream", per_second=count / (time.perf_counter() - start))

    def bare(self):
        """The networks alone at their working size, on the device: what end to end is measured against."""
        runner = torch_runner(self._scorer(), ModelSettings(device=self.options.device, precision="float16"))
        images = torch.randint(0, 256, (1, 384, 768, 3), dtype=torch.uint8, device=runner.device)
        stream = torch.cuda.Stream()
        with torch.inference_mode(), torch.cuda.stream(stream):
            for _ in range(3):
                runner._program(images, False)
            stream.synchronize()
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, stream=stream):
                runner._program(images, False)
        found = side_by_side({"graph": lambda: (graph.replay(), torch.cuda.synchronize())}, self.options.seconds)
        self.say(what="networks alone, 384x768, float16", **found["graph"]._asdict())

    def _scorer(self):
        from unexpected_core.scorers import load_scorer

        scorer = load_scorer(self.options.detector)
        scorer.fuse()
        return scorer

    def memory(self):
        """Device memory of a detector, and its growth over many frames."""
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        free, _ = torch.cuda.mem_get_info()
        detector, before = self.detector(), torch.cuda.memory_reserved()
        run = self.turn(detector)
        for _ in range(20):
            run()
        held = torch.cuda.memory_reserved()
        for _ in range(self.options.frames):
            run()
        self.say(
            what=f"memory over {self.options.frames} frames, MB",
            reserved=torch.cuda.memory_reserved() / 1e6,
            peak=torch.cuda.max_memory_reserved() / 1e6,
            of_the_device=(free - torch.cuda.mem_get_info()[0]) / 1e6,
            growth=(torch.cuda.memory_reserved() - held) / 1e6,
            weights=before / 1e6,
        )

    def cameras(self):
        detector = self.detector()
        for count in (1, 2, 4, 8):
            found = side_by_side({"": self.turn(detector, batch=count)}, self.options.seconds, warm_up=4)[""]
            self.say(what="cameras 512x1024", count=count, **found._asdict(), per_second=1e3 * count / found.median)

    def sizes(self):
        detector = self.detector()
        for megapixels in (0.1, 0.25, 0.5, 1, 2, 4, 8):
            height = round((megapixels * 1e6 / 2) ** 0.5)
            images = frames((height, 2 * height))
            found = side_by_side({"": self.turn(detector, images)}, self.options.seconds, warm_up=4)[""]
            self.say(what="sizes", megapixels=megapixels, height=height, **found._asdict())

    def original(self):
        """The ICCV 2019 system at full width, untrained (which costs the same): eager float32, and as we run it."""
        fast = self.detector()
        runs = {"fast": self.turn(fast)}
        segmenter = "pspnet"
        try:
            import torchvision  # noqa: F401
        except ImportError:
            segmenter = "bayes_segnet"
        for name, runtime, precision in (("original", "eager", "float32"), ("iccv2019", "auto", "auto")):
            scorer = build_scorer("iccv2019", random_weights=True, segmenter=segmenter)
            scorer = getattr(scorer, "scorer", scorer)  # without the watermark, which is drawn on the processor
            model = ModelSettings(device=self.options.device, runtime=runtime, precision=precision)
            detector = Detector(scorer, DetectorSettings(model=model))
            runs[name] = self.turn(detector)
        found = side_by_side(runs, 2 * self.options.seconds, warm_up=4)
        for name, speed in found.items():
            self.say(
                what=f"beside the ICCV 2019 system ({segmenter}), 512x1024",
                name=name,
                **speed._asdict(),
                times_original=found["original"].median / speed.median,
            )

    def onnx(self):
        """ONNX Runtime on CUDA, where this build has it and an exported file is given."""
        import onnxruntime

        if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
            self.say(what="onnx", skipped=f"this onnxruntime has {', '.join(onnxruntime.get_available_providers())}")
        elif not self.options.onnx:
            self.say(what="onnx", skipped="no file: --onnx FILE")
        else:
            found = side_by_side({"": self.turn(load_detector(self.options.onnx, "cuda"))}, self.options.seconds)[""]
            self.say(what="onnx on CUDA, 512x1024", **found._asdict(), per_second=1e3 / found.median)


PARTS = ("speed", "bare", "memory", "cameras", "sizes", "original", "onnx")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--detector", default="fast")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--seconds", type=float, default=4.0, help="for each measurement (default 4)")
    parser.add_argument("--frames", type=int, default=10_000, help="frames of the growth test (default 10000)")
    parser.add_argument("--onnx", help="exported detector")
    parser.add_argument("--out", help="file to append JSON lines to")
    bench = Bench(parser.parse_args())
    failed = 0
    for part in bench.options.only:
        try:
            getattr(bench, part)()
        except Exception as error:
            failed += 1
            bench.say(what=part, failed=f"{type(error).__name__}: {error}"[:400])
    return failed


if __name__ == "__main__":
    raise SystemExit(main())
