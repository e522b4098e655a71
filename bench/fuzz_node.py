"""Hostile messages to a node in a process of its own, between good frames that must all be answered.

    python bench/fuzz_node.py [--messages 10000] [--seed 0] [--transport raw compressed]

Fields that contradict each other, damaged and lying pictures, long strings, empty payloads; after every hostile
message a good one, so that each is worked on. Exit code 1 when a good frame stays without an answer, the node ends,
shows a traceback, keeps memory, or writes more than a line for ten messages.
"""

import argparse
import random
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

import numpy as np
import rclpy
from live_node import DEPTH, Camera, LiveNode, alone
from std_msgs.msg import Header

from unexpected_core.compressed import encode_mask
from unexpected_core.encodings import ENCODINGS
from unexpected_core.files import commit
from unexpected_ros.live.messages import Messages
from unexpected_ros.live.ros import ros_message

MAKE = Messages(ros_message)
GROWTH_BYTES = 200e6


def good(header, transport, dice):
    """A small frame that can be detected in."""
    height, width = dice.randrange(40, 120), dice.randrange(40, 160)
    image = np.full((height, width, 3), dice.randrange(256), np.uint8)
    image[height // 2 :, width // 3 : width // 2] = dice.randrange(256)
    return MAKE.image(header, image) if transport == "raw" else MAKE.jpeg(header, image, 90)


def hostile_raw(message, dice):
    """An Image whose fields are wrong in one to three ways."""

    def number():
        return dice.choice([0, 1, 2, 7, 4096, 16384, 65535, 2**31 - 1, 2**32 - 1, dice.randrange(2**32)])

    changes = {
        "height": number,
        "width": number,
        "step": number,
        "encoding": lambda: dice.choice([*ENCODINGS, "", "rgb9", "\0", "x\n" * 100_000, "bayer_rggb8", "32FC1", "💥"]),
        "is_bigendian": lambda: dice.randrange(256),
        "data": lambda: message.data[: dice.randrange(len(message.data) + 1)],
    }
    for name in dice.sample(sorted(changes), dice.randrange(1, 4)):
        setattr(message, name, changes[name]())
    message.header.frame_id = dice.choice(["camera", "", "../../etc/passwd", "\n[ERROR] not me", "f" * 10_000])
    return message


def hostile_compressed(message, dice):
    """A picture cut, changed, or of another kind."""
    data = bytearray(bytes(message.data) if dice.random() < 0.7 else encode_mask(np.zeros((30, 40), bool)))
    for _ in range(dice.choice([1, 1, 2, 5])):
        at = dice.randrange(len(data))
        kind = dice.random()
        if kind < 0.5:
            data[at] = dice.choice([0, 255, dice.randrange(256)])
        elif kind < 0.7:
            del data[at : at + dice.randrange(1, 9)]
        elif kind < 0.85:
            del data[at:]
        else:
            data[:4] = dice.choice([b"II*\0", b"GIF8", b"RIFF", b"\x00\x00\x00\x0c", b"%PDF"])
        data = data or bytearray(b"\0")
    message.data = bytes(data)
    message.format = dice.choice(["jpeg", "png", "", "\n" * 1000, "compressedDepth"])
    return message


def fuzz(transport, messages, seed, folder):
    """Send so many messages; returns facts of what became of them. Raises RuntimeError."""
    dice = random.Random(seed)
    log = Path(folder) / f"{transport}.log"
    with LiveNode("fuzz", log, "model.path:=random", f"input.transport:={transport}") as node:
        return _fuzz(node, transport, messages, dice)


def _fuzz(node, transport, messages, dice):
    camera = Camera(node, transport)
    spoil = hostile_raw if transport == "raw" else hostile_compressed

    def answered():
        stamp = camera.send(good(Header(frame_id="good"), transport, dice))
        camera.until(lambda: stamp in camera.answered, "the answer to a good frame", 60)

    camera.until(lambda: camera.ros.count_publishers(f"{node.name}/stats"), "the node's outputs")
    for _ in range(3):
        camera.send(good(Header(), transport, dice))
        time.sleep(0.3)
    answered()
    before, started = node.memory(), time.monotonic()
    for number in range(messages // 2):
        if number % 500 == 9:
            camera.publisher.publish(b"")  # Fast DDS waits for a better one until `depth` more messages were sent
            for _ in range(DEPTH):
                camera.send(good(Header(), transport, dice))
        else:
            camera.send(spoil(good(Header(), transport, dice), dice))
        time.sleep(0.005)  # so that it is taken before the next one takes its place
        answered()
    seconds, grown, last = time.monotonic() - started, node.memory() - before, camera.last
    lines = node.log.read_text().count("\n")
    code, traceback = node.end()
    worked = last.received - last.dropped_busy
    facts = {"messages": messages, "received": last.received, "worked on": worked, "processed": last.processed}
    facts |= {"seconds": round(seconds, 1), "grown MB": round(grown / 1e6, 1), "lines": lines}
    if code or traceback or grown > GROWTH_BYTES or lines > messages / 10 + 30 or worked < messages / 2:
        raise RuntimeError(f"{transport}: exit code {code}, traceback {traceback}, {facts}; see {node.log}")
    camera.ros.destroy_node()
    return facts


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=10_000, help="for each transport")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--transport", nargs="+", choices=["raw", "compressed"], default=["raw", "compressed"])
    options = parser.parse_args()
    alone()
    rclpy.init()
    print(f"{datetime.now():%Y-%m-%d}, commit {commit()}, seed {options.seed}")
    try:
        for transport in options.transport:
            facts = fuzz(transport, options.messages, options.seed, tempfile.mkdtemp())
            print(f"{transport}: " + ", ".join(f"{name} {value}" for name, value in facts.items()), flush=True)
    except RuntimeError as error:
        sys.exit(f"error: {error}")
    finally:
        rclpy.try_shutdown()


if __name__ == "__main__":
    main()
