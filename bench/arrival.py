"""How long images at 1080p take to their reader, and what sending costs, with Fast DDS as it is and with our memory.

    python bench/arrival.py [--images 50]

A mask alone, a score alone: milliseconds from before publishing until a reader in another process has the bytes, and
of processor time of the whole sender for each. ROS' own discovery range; the two ways in turns.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time

import numpy as np

from unexpected_ros.domains import take_domain

LISTEN = """
import struct, sys, time
import rclpy
from sensor_msgs.msg import Image
rclpy.init()
node = rclpy.create_node("reader")
def arrived(data):  # CDR: four bytes of encapsulation, then the stamp
    seconds, nanoseconds = struct.unpack_from("<iI", data, 4)
    print((time.time_ns() - seconds * 10**9 - nanoseconds) / 1e6, flush=True)
node.create_subscription(Image, "/arrival", arrived, 1, raw=True)
rclpy.spin(node)
"""


def send(pixels: np.ndarray, images: int) -> None:
    """Publish an image so many times; prints the sender's processor milliseconds for each."""
    import rclpy
    from std_msgs.msg import Header

    from unexpected_core.memory import keep_freed
    from unexpected_ros.fastdds import make_room_for_images
    from unexpected_ros.live.messages import Messages
    from unexpected_ros.live.ros import CLASSES, ready_to_send

    make_room_for_images()
    keep_freed()
    rclpy.init()
    node = rclpy.create_node("sender")
    publisher = node.create_publisher(CLASSES["sensor_msgs/msg/Image"], "/arrival", 1)
    while not publisher.get_subscription_count():
        time.sleep(0.05)
    time.sleep(1)
    header, before = Header(), time.process_time()
    for _ in range(images):
        header.stamp.sec, header.stamp.nanosec = divmod(time.time_ns(), 10**9)
        publisher.publish(Messages(ready_to_send).image(header, pixels))
        time.sleep(0.15)
    print(1e3 * (time.process_time() - before) / images)
    node.destroy_node()
    rclpy.shutdown()


def measure(what: str, way: str, images: int) -> str:
    """One line of the table."""
    settings = {"FASTDDS_BUILTIN_TRANSPORTS": "DEFAULT"} if way == "as it is" else {}  # ours gives way to them
    environment = os.environ | settings
    reader = subprocess.Popen([sys.executable, "-c", LISTEN], stdout=subprocess.PIPE, text=True, env=environment)
    command = [sys.executable, __file__, "--images", str(images), "--send", what]
    used = float(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)
    reader.kill()
    times = [float(line) for line in reader.communicate()[0].splitlines()]
    median = statistics.median(times)
    return f"{what:6} {way:12} {len(times)} of {images} arrived, median {median:5.1f} ms, processor {used:4.1f} ms"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=50)
    parser.add_argument("--send", choices=["mask", "score"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.send:
        send(np.zeros((1080, 1920), np.uint8 if options.send == "mask" else np.float32), options.images)
        return
    take_domain()
    for what in ("mask", "score") * 2:
        for way in ("as it is", "our memory"):
            print(measure(what, way, options.images), flush=True)


if __name__ == "__main__":
    main()
