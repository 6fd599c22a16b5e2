"""The sentences that pages translate: `python -m infra.build.catalogues` writes new ones into the catalogues.

With a FOLDER it compiles that folder's catalogues instead, which is what the build does with the layer's.
"""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from kept.entry.language import CATALOGUES

_NO_DATE = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)  # git tells when; a date in the file would change at every look
ROOT = Path(__file__).parents[2]
PYTHON, JINJA = "python", "jinja2.ext.babel_extract"
# Where a sentence for people stands: marked, or as the message of an error, the detail of a field, the gate's reason.
_KEYWORDS = DEFAULT_KEYWORDS | {
    "to_translate": None,
    "FieldProblem": (2,),
    "_refusal": None,
    "refuses": None,
    "allows": None,
    **{
        f"{name}Error": None
        for name in ("NotFound", "NotAllowed", "NotSignedIn", "Conflict", "PayloadTooLarge", "Malformed")
    },
}


def extract() -> Catalog:
    """Every sentence in code and templates, with the places it stands in."""
    catalogue = Catalog(project="Kept", version="1", charset="utf-8", creation_date=_NO_DATE)
    for folder in ("functions", "layers/kept/python/kept"):
        for file, line, message, comments, context in extract_from_dir(
            str(ROOT / folder),
            method_map=[("**/templates/**.html", JINJA), ("**.py", PYTHON)],
            options_map={"**/templates/**.html": {"trimmed": "true", "silent": "false"}},
            keywords=_KEYWORDS,
        ):
            catalogue.add(message, None, [(f"{folder}/{file}", line)], auto_comments=comments, context=context)
    return catalogue


def update(path: Path) -> None:
    """Put new sentences into a catalogue, without a translation, and take out those that are no more."""
    with path.open("rb") as file:
        catalogue = read_po(file, locale=path.stem)
    catalogue.update(extract(), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    catalogue.revision_date, catalogue.last_translator, catalogue.language_team = _NO_DATE, "", ""
    with path.open("wb") as file:
        write_po(file, catalogue, width=110, no_location=True, omit_header=False, sort_output=True)


def compile_folder(folder: Path) -> None:
    """Write the .mo that gettext reads beside each .po, and remove the .po."""
    for path in folder.glob("*.po"):
        with path.open("rb") as source, path.with_suffix(".mo").open("wb") as target:
            write_mo(target, read_po(source, locale=path.stem))
        path.unlink()


def main() -> None:
    """Compile the folder given, else update the catalogues of the checkout."""
    if len(sys.argv) > 1:
        compile_folder(Path(sys.argv[1]))
    else:
        for path in sorted(CATALOGUES.glob("*.po")):
            update(path)


if __name__ == "__main__":
    main()
