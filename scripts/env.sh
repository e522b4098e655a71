# To be sourced by bash: .venv and install/ in the environment of this shell, as after sourcing a ROS workspace.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
source "$root/.venv/bin/activate"
unset _ROS_WHEELS_BOOTSTRAP_COMPLETE # an enclosing process may have set it for libraries of another place
if [ -f "$root/install/local_setup.bash" ]; then source "$root/install/local_setup.bash"; fi
