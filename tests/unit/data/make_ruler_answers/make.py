"""Ask AWS's matcher, event-ruler, about the patterns of `cases.py` and keep what it answers.

    python -m tests.unit.data.make_ruler_answers.make    # writes tests/unit/data/ruler_answers.json

Needs a JDK 17 and Maven, which fetches the pinned release from Maven Central.
`test_filters_like_aws.py` compares kcli's filters with the answers; nothing of the matcher is in
the repository.
"""

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.unit.data.make_ruler_answers.cases import groups

HERE = Path(__file__).parent
ANSWERS = HERE.parent / "ruler_answers.json"


def main() -> None:
    """Make the answers anew."""
    asked = list(groups())
    questions = [
        json.dumps({"pattern": pattern, "events": events})
        for _, patterns, events in asked
        for pattern in patterns
    ]
    answers = iter(map(json.loads, ask("\n".join(questions)).splitlines()))
    lines = []
    for name, patterns, events in asked:
        head = {"group": name, "events": events}
        rows = [[pattern, shortened(next(answers))] for pattern in patterns]
        body = ",\n".join(json.dumps(row) for row in rows)
        lines.append(f'{json.dumps(head)[:-1]},\n"answers": [\n{body}]}}')
    ANSWERS.write_text("[" + ",\n".join(lines) + "]\n")


def shortened(answer: dict[str, object]) -> str | list[object]:
    """A refusal's reason, or a digit for each event, and how complex the wildcards are."""
    if "refused" in answer:
        return str(answer["refused"])
    matches = answer["matches"]
    assert isinstance(matches, list)
    return ["".join(matches), answer["complexity"]]


def ask(questions: str) -> str:
    """Build the small Java program outside the repository, and run it once."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "answers"
        shutil.copytree(HERE, project)
        build = ["compile", "dependency:build-classpath", "-Dmdep.outputFile=target/classpath"]
        subprocess.run(["mvn", "-q", *build], cwd=project, check=True)
        path = f"target/classes:{(project / 'target' / 'classpath').read_text()}"
        command = ["java", "-cp", path, "Answers"]
        run = subprocess.run(
            command, cwd=project, input=questions, capture_output=True, text=True, check=True
        )
        return run.stdout


if __name__ == "__main__":
    main()
