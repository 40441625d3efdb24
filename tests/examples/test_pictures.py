"""The example draws every picture of a program into the folder given."""

from xml.etree import ElementTree as ET

import pytest

from caseflow.views.svg import layout
from examples.pictures import main, pictures
from tests.views.drawings import faults


def test_every_picture_is_drawn(tmp_path, capsys):
    folder = tmp_path / "new" / "pictures"
    assert main([str(folder)]) == 0
    names = ["flow-staff", "flow-participants", "flow-partners", "logic-model"]
    wanted = [f"{name}.{ending}" for name in names for ending in ("svg", "mmd")]
    assert capsys.readouterr().out.split() == wanted
    for name in names:
        ET.parse(folder / f"{name}.svg")
        assert (folder / f"{name}.mmd").read_text(encoding="utf-8").startswith("flowchart ")


def test_every_picture_is_readable():
    for drawing in pictures().values():
        assert faults(layout(drawing)) == []
        assert layout(drawing).width <= 1000


def test_a_folder_is_asked_for(capsys):
    with pytest.raises(SystemExit, match="2"):
        main([])
    assert "required: folder" in capsys.readouterr().err
