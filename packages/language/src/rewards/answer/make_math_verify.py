"""Verdicts of Hugging Face's Math-Verify on pairs of answers, for mathVerify.test.ts beside it.

Needs: pip install math-verify==0.9.0 latex2sympy2_extended==1.11.0 (with sympy, antlr4-python3-runtime 4.13.2).
Usage: python make_math_verify.py <folder of the data sets> > math_verify.json
The pairs are made here from MATH-500's and OlympiadBench's answers by rules that are independent of the project's: each answer with another
writing of it, and with one that is another answer; and a list of pairs by hand.
"""

import json
import random
import re
import sys

from math_verify import LatexExtractionConfig, ExprExtractionConfig, parse, verify

rng = random.Random(0)


def answers(folder):
    for row in map(json.loads, open(f"{folder}/math500.jsonl")):
        yield row["answer"]
    for row in map(json.loads, open(f"{folder}/olympiadbench.jsonl")):
        if len(row["final_answer"]) == 1:
            yield row["final_answer"][0].strip().strip("$")


def other_writing(answer):
    """One that a person would take for the same."""
    ways = [
        lambda a: re.sub(r"\\d?frac\{([^{}]*)\}\{([^{}]*)\}", r"\\dfrac{\1}{\2}", a),
        lambda a: re.sub(r"(?<!\d)\\frac\{(\d+)\}\{(\d+)\}", r"\1/\2", a),
        lambda a: re.sub(r"\\left|\\right", "", a),
        lambda a: re.sub(r"\\sqrt\{(\d+)\}", r"{\1}^{1/2}", a),
        lambda a: a.replace("^\\circ", "").replace("^{\\circ}", ""),
        lambda a: re.sub(r"\\(?:text|mbox)\{ *[a-z]+ *\}(\^2)?$", "", a),
        lambda a: f"x = {a}" if re.fullmatch(r"[-\d\\a-z{} ]+", a) else a,
        lambda a: ", ".join(reversed(a.split(","))) if re.fullmatch(r"-?\d+(, ?-?\d+)+", a) else a,
    ]
    rng.shuffle(ways)
    for way in ways:
        if way(answer) != answer:
            return way(answer)
    return f" {answer}"


def other_answer(answer):
    numbers = list(re.finditer(r"\d+", answer))
    if not numbers:
        return f"-{answer}"
    match = rng.choice(numbers)
    changed = str(int(match[0]) + rng.choice([1, 2, 10]))
    return answer[: match.start()] + changed + answer[match.end() :]


by_hand = [
    ("0.5", r"\frac{1}{2}"), ("50\\%", "0.5"), ("50\\%", "50"), ("1,000", "1000"), ("(1,2)", "(2,1)"), ("(3,4]", "(3,4)"), ("[3,4]", "(3,4)"),
    ("1,2", "2,1"), (r"\{1,2\}", "1,2"), ("x=5", "5"), ("y=5", "x=5"), (r"\frac{\sqrt{3}}{3}", r"\frac{1}{\sqrt{3}}"), ("3.14159", r"\pi"),
    ("0.333", r"\frac{1}{3}"), ("0.333333", r"\frac{1}{3}"), ("x^2+2x+1", "(x+1)^2"), (r"1\pm\sqrt{2}", r"1+\sqrt{2}, 1-\sqrt{2}"),
    (r"x \in [-2,7]", "[-2,7]"), (r"-2 \le x \le 7", "[-2,7]"), ("x>5", r"(5,\infty)"), (r"90^\circ", "90"), (r"1\frac{4}{5}", r"\frac{9}{5}"),
    ("52_8", "52"), (r"5 \text{ cm}", "5"), (r"\begin{pmatrix}1\\2\end{pmatrix}", r"\begin{pmatrix}1\\2\end{pmatrix}"),
    (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", r"\begin{pmatrix}1&2\\3&5\end{pmatrix}"), ("2x+3=y", "y=2x+3"), (r"\text{Evelyn}", "Evelyn"),
    (r"\sin 2x", r"2\sin x\cos x"), ("10,000", "10000.0"), ("2^{10}", "1024"), (r"\binom{5}{2}", "10"), ("5!", "120"),
]

pairs = [(given, reference, "by hand") for given, reference in by_hand]
chosen = [a for a in answers(sys.argv[1]) if len(a) < 80 and not re.fullmatch(r"-?\d+", a)]
chosen = rng.sample(sorted(set(chosen)), 150)
pairs += [(other_writing(a), a, "same") for a in chosen] + [(other_answer(a), a, "other") for a in chosen]

config = [LatexExtractionConfig(), ExprExtractionConfig()]
rows = []
for given, reference, kind in pairs:
    gold = parse(f"${reference}$", extraction_config=config)
    answer = parse(f"${given}$", extraction_config=config)
    rows.append([given, reference, kind, bool(verify(gold, answer))])
print(json.dumps(rows, indent=0).replace("\n", " ").replace("], [", "],\n["))
