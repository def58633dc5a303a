"""Checks docs/OPERATIONS.md, whose tables operators rely on, against the template and the code.

    python -m unittest discover -s tests/deploy -p test_operations.py
"""

from __future__ import annotations

import copy
import re
import unittest
from itertools import takewhile
from pathlib import Path
from typing import Any

from test_template import references
from translate import TEMPLATE, Template, binary_of, of_type, translate

ROOT = TEMPLATE.parent
DOCS = ROOT / "docs" / "OPERATIONS.md"
CONFIG = ROOT / "shared" / "edge" / "src" / "config.rs"
DATA_MODEL = ROOT / "docs" / "DATA-MODEL.md"
METER = ROOT / "shared" / "domain" / "src" / "meter.rs"
ALARMS = "Alarms and what to do"


def headings(docs: str) -> list[tuple[int, str]]:
    """Every heading outside of code blocks, with its level."""
    text = re.sub(r"^ *```.*?^ *```", "", docs, flags=re.MULTILINE | re.DOTALL)
    return [(len(marks), title) for marks, title in re.findall(r"^(#+) (.+)$", text, re.MULTILINE)]


def anchor(title: str) -> str:
    """The anchor of a heading, without the #."""
    return re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")


def section(docs: str, title: str) -> str:
    """The text under a heading, up to the next heading of the same or a higher level."""
    level = next(level for level, other in headings(docs) if other == title)
    text = docs.split(f"\n{'#' * level} {title}\n", 1)[1]
    return re.split(rf"^#{{1,{level}}} ", text, maxsplit=1, flags=re.MULTILINE)[0]


def table(docs: str, title: str, header: list[str]) -> list[list[str]]:
    """The rows of the table with this header under this heading."""
    lines = iter(section(docs, title).splitlines())
    wanted = f"| {' | '.join(header)} |"
    while next(lines) != wanted:
        pass
    next(lines)
    rows = takewhile(lambda line: line.startswith("|"), lines)
    return [[cell.strip() for cell in line[1:-1].split("|")] for line in rows]


def parameter_problems(template: Template, docs: str) -> list[str]:
    """How the table of parameters differs from the template."""
    rows = table(docs, "Parameters", ["parameter", "default", "what it does"])
    documented = [(name, default) for name, default, _ in rows]
    defaults = [(name, str(p.get("Default", "")) or "empty") for name, p in template["Parameters"].items()]
    return [f"- {row}" for row in documented if row not in defaults] + [
        f"+ {row}" for row in defaults if documented.count(row) != 1
    ]


def config_variables(source: str) -> set[str]:
    """The variables that the code reads."""
    return set(re.findall(r'"([A-Z][A-Z0-9_]+)"', source))


def variables_by_function(template: Template) -> dict[str, dict[str, Any]]:
    """By variable, the functions that have it, each with its value."""
    variables: dict[str, dict[str, Any]] = {}
    for function in of_type(template, "AWS::Lambda::Function").values():
        for name, value in function["Properties"].get("Environment", {}).get("Variables", {}).items():
            variables.setdefault(name, {})[binary_of(function)] = value
    return variables


def functions_in(cell: str, every: set[str]) -> set[str]:
    """The functions in a cell: `all`, `none`, `all but a, b` or `a, b`."""
    if cell == "none":
        return set()
    names = set(cell.removeprefix("all but ").split(", ")) - {"all"}
    return every - names if cell.startswith("all") else names


def variable_problems(template: Template, source: str, docs: str) -> list[str]:
    """How the table of variables differs from the code and from the template."""
    rows = table(docs, "Environment variables", ["variable", "functions", "set from", "what it does"])
    every = {binary_of(f) for f in of_type(template, "AWS::Lambda::Function").values()}
    by_name = variables_by_function(template)
    read = config_variables(source)
    names = [row[0] for row in rows]
    problems = [f"{name}: not in the docs" for name in sorted((read | set(by_name)) - set(names))]
    for name, functions, source_cell, _ in rows:
        if name not in read:
            problems.append(f"{name}: read by nobody")
        if names.count(name) > 1:
            problems.append(f"{name}: twice")
        values = by_name.get(name, {})
        if functions_in(functions, every) != set(values):
            problems.append(f"{name}: told to {', '.join(sorted(values)) or 'none'}")
        parameters = {
            ref for value in values.values() for _, ref in references(value) if ref in template["Parameters"]
        }
        if set(re.findall(r"`([A-Z][A-Za-z]+)`", source_cell)) != parameters:
            problems.append(f"{name}: set from {', '.join(sorted(parameters)) or 'no parameter'}")
    return problems


def metrics(source: str) -> dict[str, str]:
    """The metrics in the code, each with its unit."""
    constants = dict(re.findall(r'const ([A-Z_]+): &str = "([A-Za-z]+)";', source))
    every = re.search(r"pub const NAMES: \[&str; \d+\] = \[([^\]]*)\]", source)
    assert every
    arms = dict(re.findall(r"([A-Z_]+) => describe_\w+!\(name, Unit::(\w+)", source))
    return {constants[name]: arms.get(name, "Count") for name in re.findall(r"[A-Z_]+", every[1])}


def metric_problems(source: str, docs: str) -> list[str]:
    """How the table of metrics differs from the code."""
    documented = [(name, unit) for name, unit, _ in table(docs, "Metrics", ["metric", "unit", "meaning"])]
    counted = list(metrics(source).items())
    return [f"- {row}" for row in documented if row not in counted] + [
        f"+ {row}" for row in counted if documented.count(row) != 1
    ]


def alarm_problems(template: Template, docs: str) -> list[str]:
    """Alarms without a section or with other values than in the docs, and sections without an alarm."""
    rows = {row[0]: row[1:] for row in table(docs, ALARMS, ["alarm", "threshold", "periods", "section"])}
    alarms = of_type(template, "AWS::CloudWatch::Alarm")
    sections = {title for level, title in headings(section(docs, ALARMS)) if level == 3}
    problems = [f"{name}: there is no such alarm" for name in rows.keys() - alarms.keys()]
    named = set()
    for name, alarm in alarms.items():
        properties = alarm["Properties"]
        title = properties["AlarmDescription"].split(" See docs/OPERATIONS.md, ")[1].removesuffix(".")
        named.add(title)
        if title not in sections:
            problems.append(f"{name}: no section {title}")
        periods = f"{properties['DatapointsToAlarm']} of {properties['EvaluationPeriods']}"
        expected = [str(properties["Threshold"]), periods, f"[{title}](#{anchor(title)})"]
        if rows.get(name) != expected:
            problems.append(f"{name}: {' | '.join(expected)}")
    return problems + [f"{title}: no alarm leads there" for title in sections - named]


def table_problems(template: Template, docs: str) -> list[str]:
    """Where a document says another number of tables than the template has, or loops over other tables."""
    tables = of_type(template, "AWS::DynamoDB::Table")
    expiring = {name for name, table in tables.items() if "TimeToLiveSpecification" in table["Properties"]}
    numbers = "one two three four five six seven eight nine ten".split()
    text = " ".join(docs.split())
    said = re.findall(rf"\b({'|'.join(numbers)}|\d+) (?:DynamoDB |`[^` ]+` )?tables\b", text)
    count = numbers[len(tables) - 1]
    problems = [f"{number} tables, not {count}" for number in said if number not in (count, str(len(tables)))]
    loops = [{f"{name}Table" for name in names.split()} for names in re.findall(r"for each in ([\w ]+); do", docs)]
    return problems + [f"a loop over {', '.join(sorted(loop))}" for loop in loops if loop not in (set(tables), expiring)]


def dead_links(document: Path, docs: str) -> list[str]:
    """Links to a missing section of this document, or to a missing file or section in the repository."""
    problems = []
    for path, fragment in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)", docs):
        file = document.parent / path if path else document
        if not file.exists():
            problems.append(f"{path}: no such file")
        elif fragment:
            text = docs if file == document else file.read_text()
            if fragment not in {anchor(title) for _, title in headings(text)}:
                problems.append(f"{path}#{fragment}: no such section")
    return problems


def dead_filters(docs: str, source: str) -> list[str]:
    """Words with which a `cargo test` in a document selects tests, where no test or module has the word in its name."""
    names = re.findall(r"\b(?:fn|mod) (\w+)", source)
    filters = re.findall(r"`cargo test((?: -{1,2}[a-z]+(?: (?!-)\w[\w-]*)?)*) (\w+)`", docs)
    # The last word of `--test NAME` and `-p NAME` is no filter.
    words = {word for options, word in filters if not re.search(r"(?:--test|-p)$", options)}
    return [f"{word}: selects no test" for word in sorted(words) if not any(word in name for name in names)]


class Operations(unittest.TestCase):
    template: Template
    docs: str

    @classmethod
    def setUpClass(cls) -> None:
        cls.template = translate()
        cls.docs = DOCS.read_text()

    def without(self, text: str, instead: str = "") -> str:
        """A copy of the docs with one text replaced."""
        self.assertIn(text, self.docs)
        return self.docs.replace(text, instead, 1)

    def test_docs_have_exactly_the_parameters_with_their_defaults(self) -> None:
        self.assertEqual(parameter_problems(self.template, self.docs), [])

    def test_different_parameter_is_noticed(self) -> None:
        docs = self.without("| SendBurst | 50 |", "| SendBurst | 51 |")
        self.assertEqual(parameter_problems(self.template, docs), ["- ('SendBurst', '51')", "+ ('SendBurst', '50')"])
        docs = self.without("| LogLevel | INFO |", "| LoggingLevel | INFO |")
        self.assertEqual(
            parameter_problems(self.template, docs), ["- ('LoggingLevel', 'INFO')", "+ ('LogLevel', 'INFO')"]
        )

    def test_docs_have_exactly_the_variables_with_their_functions(self) -> None:
        self.assertGreater(len(config_variables(CONFIG.read_text())), 20)
        self.assertEqual(variable_problems(self.template, CONFIG.read_text(), self.docs), [])

    def test_different_variable_is_noticed(self) -> None:
        source = CONFIG.read_text()
        docs = self.without("| SENDS_TABLE | send-message |", "| SENDING_TABLE | send-message |")
        self.assertEqual(
            variable_problems(self.template, source, docs),
            [
                "SENDS_TABLE: not in the docs",
                "SENDING_TABLE: read by nobody",
                "SENDING_TABLE: told to none",
            ],
        )
        docs = self.without("| SENDS_TABLE | send-message |", "| SENDS_TABLE | all but health |")
        self.assertEqual(variable_problems(self.template, source, docs), ["SENDS_TABLE: told to send-message"])
        docs = self.without("| authorize | `AuthIssuer` |", "| authorize | `AuthAudience` |")
        self.assertEqual(variable_problems(self.template, source, docs), ["AUTH_ISSUER: set from AuthIssuer"])
        more = source + 'fn more() { optional("MORE"); }'
        self.assertEqual(variable_problems(self.template, more, self.docs), ["MORE: not in the docs"])

    def test_docs_have_exactly_the_metrics(self) -> None:
        self.assertEqual(metric_problems(METER.read_text(), self.docs), [])

    def test_different_metric_is_noticed(self) -> None:
        source = METER.read_text()
        docs = self.without("| FanOutMs | Milliseconds |", "| FanOutMs | Seconds |")
        self.assertEqual(
            metric_problems(source, docs), ["- ('FanOutMs', 'Seconds')", "+ ('FanOutMs', 'Milliseconds')"]
        )
        docs = self.without("| Conflicts | Count |", "| Clashes | Count |")
        self.assertEqual(metric_problems(source, docs), ["- ('Clashes', 'Count')", "+ ('Conflicts', 'Count')"])

    def test_every_alarm_matches_its_section_in_the_docs(self) -> None:
        self.assertEqual(alarm_problems(self.template, self.docs), [])

    def test_different_alarm_is_noticed(self) -> None:
        docs = self.without("| SendDurationAlarm | 3000 |", "| SendDurationAlarm | 2000 |")
        self.assertEqual(
            alarm_problems(self.template, docs), ["SendDurationAlarm: 3000 | 3 of 3 | [Slow sends](#slow-sends)"]
        )
        docs = self.without("\n### Slow sends\n", "\n### Sends that are slow\n")
        self.assertEqual(
            alarm_problems(self.template, docs),
            ["SendDurationAlarm: no section Slow sends", "Sends that are slow: no alarm leads there"],
        )
        broken = copy.deepcopy(self.template)
        broken["Resources"]["OtherAlarm"] = copy.deepcopy(broken["Resources"]["ThrottlesAlarm"])
        self.assertEqual(
            alarm_problems(broken, self.docs), ["OtherAlarm: 1 | 2 of 3 | [Throttled functions](#throttled-functions)"]
        )

    def test_documents_have_the_number_of_tables_of_the_template(self) -> None:
        said = 0
        for document in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
            with self.subTest(document=document.name):
                docs = document.read_text()
                said += len(re.findall(r"\beight\s(?:DynamoDB\s|`[^` ]+`\s)?tables\b", docs))
                self.assertEqual(table_problems(self.template, docs), [])
        self.assertGreater(said, 6)
        rows = table("\n" + DATA_MODEL.read_text(), "Data model", ["table", "key", "index", "TTL", "one item is"])
        documented = {f"{name}Table": (ttl or None) for name, _, _, ttl, _ in rows}
        tables = of_type(self.template, "AWS::DynamoDB::Table")
        ttl = {n: t["Properties"].get("TimeToLiveSpecification", {}).get("AttributeName") for n, t in tables.items()}
        self.assertEqual(documented, ttl)

    def test_different_number_of_tables_is_noticed(self) -> None:
        docs = self.without("Restore all eight tables to the same", "Restore all five tables to the same")
        self.assertEqual(table_problems(self.template, docs), ["five tables, not eight"])
        docs = self.without("names of the\n   eight tables", "names of the\n   5 tables")
        self.assertEqual(table_problems(self.template, docs), ["5 tables, not eight"])
        docs = self.without("Messages ChatMembers Sends Uploads UserLimits UserItems ChatUsers; do", "Messages ChatMembers ChatUsers; do")
        self.assertEqual(
            table_problems(self.template, docs),
            ["a loop over ChatMembersTable, ChatUsersTable, ChatsTable, MessagesTable"],
        )

    def test_links_and_test_filters_of_all_documents_have_targets(self) -> None:
        sources = [file for file in ROOT.rglob("*.rs") if "target" not in file.relative_to(ROOT).parts]
        source = "\n".join(file.read_text() for file in sources)
        documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
        self.assertGreater(len(documents), 7)
        for document in documents:
            with self.subTest(document=document.name):
                docs = document.read_text()
                self.assertEqual(dead_links(document, docs) + dead_filters(docs, source), [])

    def test_dead_filter_is_noticed(self) -> None:
        docs = "`cargo test -p store --test dynamodb budgets` `cargo test --workspace gone` `cargo test -p dev`"
        self.assertEqual(dead_filters(docs, "mod budgets;"), ["gone: selects no test"])

    def test_dead_link_is_noticed(self) -> None:
        broken = self.docs + "[a](#b) [c](API.md#d) [e](F.md)"
        self.assertEqual(dead_links(DOCS, broken), ["#b: no such section", "API.md#d: no such section", "F.md: no such file"])


if __name__ == "__main__":
    unittest.main()
