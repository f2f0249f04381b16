# SPDX-License-Identifier: MIT
"""Programs and libraries that nobody here wrote, asked whether an output is what it should be.

Each raises Missing with the package's name where this machine does not have it; a test skips then. Debian's packages of Python
are asked by the system's own Python, whichever runs the tests.
"""

import json
import os
import shutil
import subprocess

SYSTEM_PYTHON = "/usr/bin/python3"
TOP = os.environ.get("top_srcdir", ".")
SCHEMA = os.path.join(TOP, "clients/echoprobe/echoprobe.schema.json")


class Missing(Exception):
    """The package that is not there."""


def run(command, text):
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False)


def need_python(module, package):
    if not os.path.exists(SYSTEM_PYTHON) or run([SYSTEM_PYTHON, "-c", f"import {module}"], "").returncode:
        raise Missing(package)


def need_program(name, package):
    if not shutil.which(name):
        raise Missing(package)


def closed(schema):
    """The schema with no member allowed that it does not name: what a reader must put up with, we must not write."""
    if isinstance(schema, list):
        return [closed(s) for s in schema]
    if not isinstance(schema, dict):
        return schema
    made = {k: closed(v) for k, v in schema.items()}
    if made.get("type") == "object" and "properties" in made:
        made["additionalProperties"] = False
    return made


def schema_faults(documents, part=None):
    """What is wrong with these documents by the schema of echoprobe, or by one of its $defs; [] if nothing."""
    with open(SCHEMA, encoding="utf-8") as f:
        schema = closed(json.load(f))
    if part:
        schema = {"$schema": schema["$schema"], "$ref": f"#/$defs/{part}", "$defs": schema["$defs"]}
    return faults_by(schema, documents)


def faults_by(schema, documents):
    """What python3-jsonschema finds wrong with these documents by a schema, which must be one."""
    need_python("jsonschema", "python3-jsonschema")
    program = ("import json, sys, jsonschema\n"
               "schema, documents = json.load(sys.stdin)\n"
               "jsonschema.Draft202012Validator.check_schema(schema)\n"
               "v = jsonschema.Draft202012Validator(schema)\n"
               "def leaves(e):\n"
               "    return [l for c in e.context for l in leaves(c)] or [e]\n"
               "print(json.dumps([f'{l.json_path}: {l.message[:200]}' for d in documents for e in v.iter_errors(d)\n"
               "                  for l in leaves(e)]))")
    done = run([SYSTEM_PYTHON, "-c", program], json.dumps([schema, documents]))
    if done.returncode:
        raise AssertionError(done.stderr)
    return json.loads(done.stdout)


def openmetrics(text):
    """{(name, ((label, value), …)): value} of every sample, by the strict parser of python3-prometheus-client."""
    need_python("prometheus_client", "python3-prometheus-client")
    program = ("import json, sys\n"
               "from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse\n"
               "print(json.dumps([[s.name, sorted(s.labels.items()), float(s.value)] for f in parse(sys.stdin.read())\n"
               "                  for s in f.samples]))")
    done = run([SYSTEM_PYTHON, "-c", program], text)
    if done.returncode:
        raise AssertionError(done.stderr[-2000:])
    return {(name, tuple(tuple(p) for p in labels)): value for name, labels, value in json.loads(done.stdout)}


def promtool(*words, text=""):
    """What promtool says, with its status."""
    need_program("promtool", "prometheus")
    done = run(["promtool", *words], text)
    return done.returncode, done.stdout + done.stderr


def performance(line):
    """{label: {value, uom, warning, critical, min, max}} of a plug-in's line, by Monitoring::Plugin::Performance."""
    need_program("perl", "perl-base")
    program = ("use Monitoring::Plugin::Performance; use JSON::PP; my ($out, $perf) = split /\\|/, <STDIN>;\n"
               "chomp $perf; my %all;\n"
               "for my $p (Monitoring::Plugin::Performance->parse_perfstring($perf)) {\n"
               "  my $t = $p->threshold; $all{$p->label} = { value => $p->value, uom => $p->uom,\n"
               "    warning => $p->warning, critical => $p->critical, min => $p->min, max => $p->max }; }\n"
               "print encode_json(\\%all);")
    if run(["perl", "-MMonitoring::Plugin::Performance", "-MJSON::PP", "-e", "1"], "").returncode:
        raise Missing("libmonitoring-plugin-perl")
    done = run(["perl", "-e", program], line)
    if done.returncode or done.stderr:
        raise AssertionError(done.stderr)
    return json.loads(done.stdout)


def datamash(text, *operations):
    """The numbers that GNU datamash computes of a column of numbers."""
    need_program("datamash", "datamash")
    done = run(["datamash", *operations], text)
    if done.returncode:
        raise AssertionError(done.stderr)
    return [float(v) for v in done.stdout.split()]
