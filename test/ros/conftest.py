"""A detector node in a process of its own, and a driver that talks to it as a camera and its users would."""

import array
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

WAIT_S = 240.0


class Driver:
    """A ROS node for tests: publishes images, collects what comes back, calls services."""

    def __init__(self):
        import rclpy
        from rclpy.executors import SingleThreadedExecutor

        rclpy.init()
        self.node = rclpy.create_node("driver")
        self.executor = SingleThreadedExecutor()
        self.executor.add_node(self.node)

    def close(self):
        import rclpy

        self.executor.shutdown()
        self.node.destroy_node()
        rclpy.try_shutdown()

    def until(self, condition, what, timeout=WAIT_S):
        """Spin until the condition holds; returns its value."""
        end = time.monotonic() + timeout
        while not (value := condition()):
            assert time.monotonic() < end, f"waited {timeout} s for {what}"
            self.executor.spin_once(timeout_sec=0.05)
        return value

    def spin(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.executor.spin_once(timeout_sec=0.05)

    def collect(self, kind, topic, best_effort=False, connected=True):
        """Subscribe; returns the list that messages are appended to, with the subscription as its attribute."""
        from rclpy.qos import QoSProfile, QoSReliabilityPolicy

        messages = Inbox()
        policy = QoSReliabilityPolicy.BEST_EFFORT if best_effort else QoSReliabilityPolicy.RELIABLE
        messages.subscription = self.node.create_subscription(
            kind, topic, messages.append, QoSProfile(depth=50, reliability=policy)
        )
        if connected:
            self.until(lambda: self.node.count_publishers(topic), f"a publisher of {topic}")
        return messages

    def camera(self, kind, topic, best_effort=False, connected=True):
        """A publisher of images that the node listens to."""
        from rclpy.qos import QoSProfile, QoSReliabilityPolicy

        policy = QoSReliabilityPolicy.BEST_EFFORT if best_effort else QoSReliabilityPolicy.RELIABLE
        publisher = self.node.create_publisher(kind, topic, QoSProfile(depth=10, reliability=policy))
        if connected:
            self.until(publisher.get_subscription_count, f"a subscription of {topic}")
        return publisher

    def publish_until_answered(self, camera, message, answers, count=1):
        """Publish again and again (a matched subscription may still miss the first); returns the newest answer."""
        before = len(answers)

        def published():
            camera.publish(message)
            self.spin(0.05)
            return len(answers) >= before + count

        self.until(published, "an answer")
        return answers[-1]

    def call(self, kind, service, **fields):
        """Call a service; returns its response."""
        client = self.node.create_client(kind, service)
        assert client.wait_for_service(timeout_sec=WAIT_S), f"no service {service}"
        self._be_met_by(service.rpartition("/")[0])
        future = client.call_async(kind.Request(**fields))
        self.until(future.done, service)
        self.node.destroy_client(client)
        return future.result()

    def _be_met_by(self, node):
        """Return when the node knows the clients made before: Fast DDS drops the answer to one that the server has not
        met within 0.1 s, which on a busy machine it may not have. What comes later is met later: ask with such a one.
        """
        from rcl_interfaces.srv import ListParameters

        client = self.node.create_client(ListParameters, f"{node}/list_parameters")

        def answered():
            future = client.call_async(ListParameters.Request())
            end = time.monotonic() + 1
            while not future.done() and time.monotonic() < end:
                self.executor.spin_once(timeout_sec=0.05)
            return future.done()

        self.until(answered, f"{node} to answer")
        self.node.destroy_client(client)

    def destroy(self, *entities):
        """Publishers, inboxes, clients and timers of this node; an error for what is none, or no longer."""
        for entity in entities:
            entity = entity.subscription if isinstance(entity, Inbox) else entity
            assert self._destroy(entity), f"{entity} is nothing of the driver's that can be destroyed, or was before"

    def _destroy(self, entity):
        node = self.node
        return any(
            destroy(entity)
            for destroy in (node.destroy_publisher, node.destroy_subscription, node.destroy_client, node.destroy_timer)
        )

    def alive(self):
        node = self.node
        return {*node.publishers, *node.subscriptions, *node.clients, *node.timers}

    def refuse_leftovers(self, before):
        """Destroy what was made since and fail for it: it would go on in the tests that follow."""
        left = self.alive() - before
        for entity in left:
            self._destroy(entity)
        assert not left, f"left alive: {', '.join(sorted(getattr(e, 'topic', None) or str(e) for e in left))}"


class Inbox(list):
    subscription = None


class Graph:
    """What two bystanders know of the nodes, each in a context of its own and so with a graph of its own.

    One of them may know a node for ever that left in order: what its graph had taken, and not yet entered, when the
    participant was removed is entered afterwards (rmw_dds_common, GraphCache::update_participant_entities).
    """

    def __init__(self, driver):
        import rclpy

        self.driver, self.bystanders = driver, []
        for number in range(2):
            context = rclpy.Context()
            rclpy.init(context=context)
            self.bystanders.append(rclpy.create_node(f"bystander_{number}", context=context))

    def close(self):
        import rclpy

        for bystander in self.bystanders:
            bystander.destroy_node()
            rclpy.shutdown(context=bystander.context)

    def learns_of(self, node):
        self.driver.until(lambda: all(node in self._nodes(each) for each in self.bystanders), "the node in the graph")

    def forgets(self, node, patience_s=2.0):
        """And its services, whose end is told one by one. Of a node that did not take leave it knows for 20 s."""

        def known(bystander):
            services = [name for name, _ in bystander.get_service_names_and_types() if name.startswith(f"{node}/")]
            return sorted({node} & self._nodes(bystander)) + services

        end = time.monotonic() + patience_s
        while all(left := [known(each) for each in self.bystanders]):
            assert time.monotonic() < end, f"after {patience_s} s the graph still knows {left}"
            time.sleep(0.05)

    def _nodes(self, bystander):
        return {f"{space}/{name}" for name, space in bystander.get_node_names_and_namespaces()}


class NodeProcess:
    """`detector` started as a user would start it; its output is kept for the test."""

    def __init__(self, folder, *arguments):
        self.log = folder / "node.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "unexpected_ros.start", "unexpected_ros.live.process", "--ros-args", *arguments],
                stdout=log,
                stderr=subprocess.STDOUT,
                env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"},
            )

    def text(self):
        return self.log.read_text()

    def wait_for(self, text):
        end = time.monotonic() + WAIT_S
        while text not in self.text():
            assert time.monotonic() < end and self.process.poll() is None, f"no '{text}' in:\n{self.text()}"
            time.sleep(0.05)

    def end(self, number=signal.SIGINT):
        """Send a signal; returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(timeout=WAIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


@pytest.fixture(scope="session")
def driver():
    driver = Driver()
    yield driver
    driver.close()


@pytest.fixture(scope="module")
def graph(driver):
    graph = Graph(driver)
    yield graph
    graph.close()


@pytest.fixture(autouse=True)
def nothing_is_left_alive(request):
    """What a test makes with the driver it destroys, or its fixtures do."""
    if "driver" not in request.fixturenames:
        yield
        return
    driver = request.getfixturevalue("driver")
    before = driver.alive()
    yield
    driver.refuse_leftovers(before)


@pytest.fixture(scope="session")
def start_node():
    """NodeProcess(folder, *ROS arguments); all are ended with the session."""
    started = []

    def start(folder, *arguments):
        started.append(NodeProcess(folder, *arguments))
        return started[-1]

    yield start
    for node in started:
        node.end()


@pytest.fixture
def without_loss_events(monkeypatch):
    """rclpy as it is on a middleware that does not tell of messages lost."""
    from rclpy import event_handler
    from rclpy.event_handler import QoSSubscriptionEventType, UnsupportedEventTypeError

    class WithoutLosses(event_handler.EventHandler):
        def __init__(self, *, event_type, **others):
            if event_type == QoSSubscriptionEventType.RCL_SUBSCRIPTION_MESSAGE_LOST:
                raise UnsupportedEventTypeError("event type is not supported")
            super().__init__(event_type=event_type, **others)

    monkeypatch.setattr(event_handler, "EventHandler", WithoutLosses)


@pytest.fixture(scope="session")
def street():
    """RGB uint8 [H, W, 3] of any size: grey road, blue sky, a red box; `seed` moves the box."""

    def draw(height=97, width=130, seed=0):
        image = np.full((height, width, 3), 90, np.uint8)
        image[: height // 2] = (120, 160, 220)
        x = (17 * seed + width // 3) % (width * 3 // 4)
        image[height * 5 // 9 : height * 3 // 4, x : x + width // 6] = (210, 30, 20)
        return image

    return draw


@pytest.fixture(scope="session")
def to_message():
    """RGB image -> sensor_msgs/Image rgb8 with a stamp."""

    def make(image, stamp_ns=1_000_000_000, frame_id="camera"):
        from sensor_msgs.msg import Image

        message = Image(
            height=image.shape[0],
            width=image.shape[1],
            step=image.shape[1] * 3,
            encoding="rgb8",
            data=array.array("B", image.tobytes()),
        )
        message.header.frame_id = frame_id
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp_ns, 1_000_000_000)
        return message

    return make
