"""CMakeLists.txt alone, around stand-ins for the ROS packages, whose generator differs from ROS to ROS."""

import shutil
import subprocess

import pytest

# The generator's library, as rosidl_generator_py makes and exports it. HEADERS: what it hands on to those who link it.
STAND_INS = {
    "ament_cmake": """
        function(ament_export_dependencies)
        endfunction()
        function(ament_package)
        endfunction()""",
    "ament_cmake_python": "",
    "rosidl_default_generators": """
        macro(rosidl_generate_interfaces name)
          file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/empty.c "int empty;")
          add_library(${name}__rosidl_generator_py SHARED ${CMAKE_CURRENT_BINARY_DIR}/empty.c)
          if(HEADERS)
            target_include_directories(${name}__rosidl_generator_py PUBLIC ${HEADERS})
          endif()
          add_library(linked MODULE ${CMAKE_CURRENT_BINARY_DIR}/empty.c)
          target_link_libraries(linked PRIVATE ${name}__rosidl_generator_py)
          install(TARGETS ${name}__rosidl_generator_py EXPORT exported DESTINATION lib)
          install(EXPORT exported DESTINATION share)
          set(PYTHON_INSTALL_DIR python)
        endmacro()""",
    "sensor_msgs": "",
    "std_msgs": "",
}


@pytest.mark.parametrize("headers", ["", "/usr/include;{source}/.venv/include"], ids=["an installed ROS", "the wheels"])
def test_the_package_configures_whatever_the_generator_hands_on(repository, tmp_path, headers):
    if not shutil.which("cmake"):
        pytest.skip("cmake is not installed")
    for name, text in STAND_INS.items():
        (tmp_path / f"Find{name}.cmake").write_text(text + f"\nset({name}_FOUND TRUE)\n")
    made = subprocess.run(
        [
            "cmake",
            "-S",
            repository,
            "-B",
            tmp_path / "build",
            f"-DCMAKE_MODULE_PATH={tmp_path}",
            f"-DHEADERS={headers.format(source=repository)}",
        ],
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stderr
