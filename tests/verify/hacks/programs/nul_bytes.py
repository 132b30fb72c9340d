"""Rows with NUL and control characters, which C code may take for an end."""

from stage import put_outputs

put_outputs(b'id,name\n1,\x00\n\x00\n2,\x1a\r\r\n\x0b\x0c\n"unclosed\n')
