"""Boxes for where namespaces are refused: Landlock, a seccomp filter and a warden.

`backend` makes them, `rules` says what of the system they may read, `owner` lends them files under
root; `warden` is the process outside each box that kills what was started in it.
"""
