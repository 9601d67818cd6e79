"""Fills in a workbook in LibreOffice itself: opens it, types into cells, saves it."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from xml.sax.saxutils import escape

_MODULE = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE script:module PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "module.dtd">
<script:module xmlns:script="http://openoffice.org/2000/script" script:name="Module1" script:language="StarBasic">
{code}
</script:module>
"""


def fill(path: Path, cells: Mapping[str, str], profile: Path) -> Path:
    """Type ``cells`` (address to text) into the first sheet and save the workbook in its place.

    :param profile: a folder for LibreOffice's own files.
    """
    done = path.with_suffix(".done.xlsx")
    typed = "\n  ".join(f'sheet.getCellRangeByName("{address}").String = "{text}"' for address, text in cells.items())
    code = f"""
Sub Fill
  Dim hidden(0) As New com.sun.star.beans.PropertyValue
  hidden(0).Name = "Hidden"
  hidden(0).Value = True
  book = StarDesktop.loadComponentFromURL("{path.as_uri()}", "_blank", 0, hidden())
  sheet = book.Sheets.getByIndex(0)
  {typed}
  Dim form(0) As New com.sun.star.beans.PropertyValue
  form(0).Name = "FilterName"
  form(0).Value = "Calc MS Excel 2007 XML"
  book.storeToURL("{done.as_uri()}", form())
  book.close(True)
  StarDesktop.terminate()
End Sub
"""
    # The first start lays the profile out, and would write over a macro that is there already.
    _start(profile, "--terminate_after_init")
    module = profile / "user" / "basic" / "Standard" / "Module1.xba"
    module.write_text(_MODULE.format(code=escape(code)), "utf-8")
    _start(profile, "macro:///Standard.Module1.Fill")
    done.replace(path)
    return path


def _start(profile: Path, what: str) -> None:
    command = [
        "soffice",
        f"-env:UserInstallation={profile.as_uri()}",
        "--headless",
        "--norestore",
        "--nolockcheck",
        what,
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
