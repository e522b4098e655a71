"""The window's process, cameras that play for it, and a browser."""

import os
import shutil
import subprocess
import sys
import threading
import time

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
CHROMEDRIVER = shutil.which("chromedriver")
PATIENCE_S = 60.0
MEAN = """
const image = document.getElementById(arguments[0]);
const canvas = document.createElement("canvas");
canvas.width = image.naturalWidth;
canvas.height = image.naturalHeight;
if (!canvas.width) return -1;
const context = canvas.getContext("2d");
context.drawImage(image, 0, 0);
const data = context.getImageData(0, 0, canvas.width, canvas.height).data;
let sum = 0;
for (let i = 0; i < data.length; i += 4) sum += data[i] + data[i + 1] + data[i + 2];
return sum / (0.75 * data.length);
"""


class Page:
    """One browser with the page open."""

    def __init__(self, address, downloads):
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service

        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1600,1000"):
            options.add_argument(argument)
        options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options, Service(CHROMEDRIVER))
        self.driver.get(address)

    def until(self, condition, what):
        """Wait until the condition holds; returns its value."""
        end = time.monotonic() + PATIENCE_S
        while not (value := condition()):
            assert time.monotonic() < end, f"waited {PATIENCE_S} s for {what}; {self.account()}"
            time.sleep(0.05)
        return value

    def account(self):
        """What the page says of itself, for a test that fails."""
        said = {name: self.text(name) for name in ("state", "said", "count", "rate")}
        return f"frame {self.frame()} of {self.driver.current_url}, {said}, {self.driver.get_log('browser')}"

    def element(self, name):
        return self.driver.find_element("id", name)

    def frame(self):
        return int(self.driver.execute_script("return document.body.dataset.frame || 0"))

    def brightness(self, picture):
        """Mean of the shown picture's pixels, -1 where none is shown."""
        return self.driver.execute_script(MEAN, picture)

    def text(self, name):
        return self.element(name).text

    def value(self, parameter):
        """Of its slider, nan while it has none."""
        script = "return document.getElementById(arguments[0])?.value ?? 'nan'"
        return float(self.driver.execute_script(script, parameter))


@pytest.fixture(scope="module")
def open_page():
    """Page(address, folder of downloads)."""
    pytest.importorskip("selenium")
    if not CHROMIUM or not CHROMEDRIVER:
        pytest.skip("needs Chromium and chromedriver (Debian: chromium, chromium-driver)")
    opened = []

    def open_one(address, downloads):
        opened.append(Page(address, downloads))
        return opened[-1]

    yield open_one
    for page in opened:
        page.driver.quit()


@pytest.fixture(scope="module")
def start_window(tmp_path_factory):
    """Address of the window of a detector: `view` in a process of its own, which ends well and says nothing."""
    pytest.importorskip("aiohttp")
    started = []

    def start(detector):
        log = tmp_path_factory.mktemp("view") / "view.log"
        process = subprocess.Popen(
            [sys.executable, "-m", "unexpected_ros.view.window", "--port", "0", "--detector", detector],
            stdout=subprocess.PIPE,
            stderr=log.open("w"),
            text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )
        started.append((process, log))
        line = process.stdout.readline()
        assert line.startswith("open http://localhost:"), log.read_text()
        return line.split()[1]

    yield start
    for process, log in started:
        process.terminate()
        assert process.wait(PATIENCE_S) == 0
        assert log.read_text() == ""


@pytest.fixture(scope="module")
def play(driver, to_message):
    """Publishes draw(number) -> RGB on a topic, at 10 Hz, until the module ends."""
    from sensor_msgs.msg import Image

    stop, threads, publishers = threading.Event(), [], []

    def start(topic, draw):
        publishers.append(publisher := driver.camera(Image, topic))

        def run():
            for number in range(1 << 30):
                publisher.publish(to_message(draw(number), time.time_ns()))
                if stop.wait(0.1):
                    return

        threads.append(threading.Thread(target=run))
        threads[-1].start()

    yield start
    stop.set()
    for thread in threads:
        thread.join()
    driver.destroy(*publishers)
