"""Cells that a spreadsheet, a shell or a template would work out."""

from stage import put_outputs

put_outputs(
    "id,value\n1,=1+1\n2,@SUM(A1)\n3,-1+1\n4,{{7*7}}\n"
    "5,${7*7}\n6,$(echo 1)\n7,__import__('os')\n8,%s%n\n"
)
