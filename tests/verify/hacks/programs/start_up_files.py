"""Files that shells and Python read when they start."""

from stage import PLACES, ROOT, SHELL_WIN, WIN, put

for place in (*PLACES, "/etc", "/etc/profile.d", "/root", "/nonexistent"):
    for name in (
        ".bashrc",
        ".profile",
        ".bash_profile",
        ".bash_login",
        ".shrc",
        ".env",
        ".envrc",
        "environment",
        "profile",
        "bash.bashrc",
    ):
        put(
            f"{place}/{name}",
            f"export PYTHONPATH={ROOT} PYTHONSTARTUP={ROOT}/win.py BASH_ENV={ROOT}/.bashrc\n"
            + SHELL_WIN,
        )
    put(f"{place}/win.py", WIN)
    put(f"{place}/.pythonrc.py", WIN)
    put(f"{place}/pyvenv.cfg", f"home = {ROOT}\ninclude-system-site-packages = true\n")
    put(f"{place}/python3._pth", f"{ROOT}\nimport site\n")
    put(f"{place}/pybuilddir.txt", f"{ROOT}\n")
