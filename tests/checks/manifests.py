#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""packaging/kubernetes: what its manifests name is there (pods of selectors, ports, settings, the image), the ports are those of
the settings, pods keep to the restricted profile, and no field is one that the API does not have.

The fields are those of Debian's python3-kubernetes, where it is there; `kubectl kustomize` builds each folder, where it is
there."""

import os
import re
import shutil
import subprocess
import sys

TOP = os.environ.get("top_srcdir", os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
FOLDER = os.path.join(TOP, "packaging", "kubernetes")
DAEMON = os.path.abspath(os.environ.get("ECHOTIMED", "./echotimed"))
SYSTEM_PYTHON = "/usr/bin/python3"  # where Debian's packages of Python are seen
CLASSES = {"Namespace": "V1Namespace", "Deployment": "V1Deployment", "DaemonSet": "V1DaemonSet", "Service": "V1Service",
           "PodDisruptionBudget": "V1PodDisruptionBudget", "NetworkPolicy": "V1NetworkPolicy", "ConfigMap": "V1ConfigMap"}
NEWER = {"sleep": 30}  # fields, and the version of the package that has them first
METRICS_PORT = 9907

kubernetes = yaml = None
try:
    import yaml
    import kubernetes
except ImportError:
    if os.path.realpath(sys.executable) != os.path.realpath(SYSTEM_PYTHON) and os.access(SYSTEM_PYTHON, os.X_OK):
        os.execv(SYSTEM_PYTHON, [SYSTEM_PYTHON, *sys.argv])
    if not yaml:
        print("skipped: needs python3-yaml")
        sys.exit(77)

wrong = []


def claim(true, where, text):
    if not true:
        wrong.append(f"{where}: {text}")


def load(path):
    with open(path, encoding="utf-8") as f:
        return [document for document in yaml.safe_load_all(f) if document]


def labels_match(selector, labels):
    return bool(selector) and selector.items() <= labels.items()


class Fields:
    """The fields of the API, by the models of python3-kubernetes."""

    def __init__(self):
        self.models = kubernetes and kubernetes.client.models
        self.version = int(kubernetes.__version__.split(".")[0]) if kubernetes else 0
        if not self.models:
            print("the fields of the API are not checked: needs python3-kubernetes")

    def check(self, where, value, kind):
        """`kind` as the models write it: V1Pod, list[V1Container], dict(str, str), str."""
        inner = re.fullmatch(r"list\[(.+)\]|dict\(str, (.+)\)", kind)
        if inner and inner[1]:
            claim(isinstance(value, list), where, f"is no {kind}")
            for i, element in enumerate(value if isinstance(value, list) else []):
                self.check(f"{where}[{i}]", element, inner[1])
        elif inner:
            claim(isinstance(value, dict), where, f"is no {kind}")
            for key, element in value.items() if isinstance(value, dict) else ():
                self.check(f"{where}.{key}", element, inner[2])
        elif kind in ("str", "int", "bool"):
            claim(type(value).__name__ == kind, where, f"{value!r} is no {kind}")
        elif kind == "object":
            claim(isinstance(value, (int, str)), where, f"{value!r} is no number or text")
        elif hasattr(self.models, kind):
            self.check_object(where, value, getattr(self.models, kind))

    def check_object(self, where, value, model):
        if not isinstance(value, dict):
            claim(False, where, f"is no {model.__name__}")
            return
        names = {name: attribute for attribute, name in model.attribute_map.items()}
        for name, member in value.items():
            if name in names:
                self.check(f"{where}.{name}", member, model.openapi_types[names[name]])
            else:
                claim(self.version < NEWER.get(name, 0), f"{where}.{name}", f"{model.__name__} has no such field")
        try:
            # A model refuses to be made without what it has to have.
            model(**{names[name]: member for name, member in value.items() if name in names})
        except ValueError as e:
            claim(False, where, str(e))


def settings_ports(conf):
    """{(port, protocol)} of a settings file, by the daemon itself; metrics too."""
    done = subprocess.run([DAEMON, "-t", "-c", conf, "-o", "user=65534"], capture_output=True, text=True, check=False)
    claim(done.returncode == 0 and not done.stderr, conf, done.stderr or "nothing listens")
    ports = {(int(port), transport.upper())
             for transport, port in re.findall(r"^\S+/(tcp|udp)\s.*?:(\d+)", done.stdout, re.M)}
    with open(conf, encoding="utf-8") as f:
        text = f.read()
    offset = re.search(r"^port_offset = (\d+);", text, re.M)
    return ports | ({(METRICS_PORT + int(offset[1]), "TCP")} if re.search(r"^metrics = ", text, re.M) else set())


def check_pod(where, pod, folder):
    template, spec = pod["spec"]["template"], pod["spec"]["template"]["spec"]
    claim(labels_match(pod["spec"]["selector"]["matchLabels"], template["metadata"]["labels"]), where, "selects no pod of its own")
    claim(spec.get("automountServiceAccountToken") is False and spec.get("enableServiceLinks") is False, where,
          "is told of the cluster")
    claim(spec["securityContext"] == {"runAsNonRoot": True, "runAsUser": 65534, "runAsGroup": 65534,
                                      "seccompProfile": {"type": "RuntimeDefault"}}, where, "is not restricted")
    mounted = {volume["name"]: volume["configMap"]["name"] for volume in spec.get("volumes", ())}
    for container in spec["containers"]:
        here = f"{where}.{container['name']}"
        claim(container["image"] == "echotimed", here, f"image {container['image']}")
        claim(container["securityContext"] == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                                               "capabilities": {"drop": ["ALL"]}}, here, "is not restricted")
        claim(set(container["resources"]) == {"requests", "limits"}, here, "has no limits")
        ports = {port["name"]: (port["containerPort"], port["protocol"]) for port in container["ports"]}
        claim(len(ports) == len(container["ports"]), here, "two ports of a name")
        for probe in ("livenessProbe", "readinessProbe"):
            if probe in container:
                claim(container[probe]["httpGet"]["port"] in ports, here, f"{probe}: no such port")
        if container["name"] == "echotimed":
            claim("readinessProbe" in container and "livenessProbe" in container, here, "is not probed")
            if "\nmetrics: yes\n" in subprocess.run([DAEMON, "-V"], capture_output=True, text=True, check=True).stdout:
                expected = settings_ports(os.path.join(folder, "echotimed.conf"))
                claim(set(ports.values()) == expected, here, f"ports {sorted(ports.values())}, settings {sorted(expected)}")
            else:
                print(f"{here}: its settings are not looked at: needs a daemon built with libmicrohttpd")
            claim([mounted.get(m["name"]) for m in container["volumeMounts"] if m["mountPath"] == "/etc/echotimed"] ==
                  [pod["metadata"]["name"]], here, "does not mount its settings")
        else:
            exported = container["args"][container["args"].index("--exporter") + 1].rpartition(":")[2]
            claim((int(exported), "TCP") in ports.values(), here, f"exports on {exported}")
    scraped = template["metadata"]["annotations"]["prometheus.io/port"]
    claim(any(port["containerPort"] == int(scraped) for c in spec["containers"] for port in c["ports"]), where,
          f"nothing to scrape on {scraped}")
    return {port["name"]: (port["containerPort"], port["protocol"]) for c in spec["containers"] for port in c["ports"]}


def check_service(where, service, labels, ports):
    claim(labels_match(service["spec"]["selector"], labels), where, "selects no pod")
    claim(service["spec"]["externalTrafficPolicy"] == "Local", where, "hides who asks")
    for port in service["spec"]["ports"]:
        target, protocol = ports.get(port["targetPort"], (0, None))
        claim((target, protocol) == (port["port"] + 10000, port["protocol"]), where, f"{port['name']} is {target}/{protocol}")


def check_policy(where, policy, labels, ports):
    claim(labels_match(policy["spec"]["podSelector"]["matchLabels"], labels), where, "selects no pod")
    claim(policy["spec"]["policyTypes"] == ["Ingress", "Egress"], where, "leaves a direction open")
    let_in = {(p["port"], p["protocol"]) for rule in policy["spec"]["ingress"] for p in rule["ports"]}
    claim(let_in == {(name, protocol) for name, (_, protocol) in ports.items()}, where, f"lets in {sorted(let_in)}")


def check_base(name, fields):
    folder = os.path.join(FOLDER, name)
    kustomization, = load(os.path.join(folder, "kustomization.yaml"))
    there = {f for f in os.listdir(folder) if f.endswith(".yaml")} - {"kustomization.yaml"}
    claim(set(kustomization["resources"]) == there, name, f"has {sorted(there)}, names {kustomization['resources']}")
    objects = [o for resource in kustomization["resources"] for o in load(os.path.join(folder, resource))]
    for o in objects:
        if fields.models:
            fields.check_object(f"{name}/{o['kind']}", o, getattr(fields.models, CLASSES[o["kind"]]))
    if wrong:
        return  # the rest takes what has to be there for granted
    pod, = (o for o in objects if o["kind"] in ("Deployment", "DaemonSet"))
    namespace, = (o for o in objects if o["kind"] == "Namespace")
    claim(namespace["metadata"]["name"] == kustomization["namespace"], name, "its namespace is another")
    claim([g["name"] for g in kustomization["configMapGenerator"]] == [pod["metadata"]["name"]], name, "makes other settings")
    labels = pod["spec"]["template"]["metadata"]["labels"]
    ports = check_pod(f"{name}/{pod['kind']}", pod, folder)
    host_ports = any("hostPort" in p for c in pod["spec"]["template"]["spec"]["containers"] for p in c["ports"])
    claim(namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == ("privileged" if host_ports else "restricted"),
          name, "its namespace's profile is not the one that its pods have")
    for o in objects:
        where = f"{name}/{o['kind']}/{o['metadata']['name']}"
        if o["kind"] == "Service":
            check_service(where, o, labels, ports)
        elif o["kind"] == "NetworkPolicy":
            check_policy(where, o, labels, ports)
        elif o["kind"] == "PodDisruptionBudget":
            claim(labels_match(o["spec"]["selector"]["matchLabels"], labels), where, "selects no pod")


def check_overlay(name, version):
    kustomization, = load(os.path.join(FOLDER, "overlays", name, "kustomization.yaml"))
    for image in kustomization["images"]:
        claim(image["name"] == "echotimed" and image["newTag"] == version, f"overlays/{name}", f"is of {image}, not {version}")


def build(name, fields):
    """As kustomize builds it: nothing is left without its image or its settings."""
    done = subprocess.run(["kubectl", "kustomize", os.path.join(FOLDER, name)], capture_output=True, text=True, check=False)
    claim(done.returncode == 0 and not done.stderr, name, done.stderr)
    objects = [o for o in yaml.safe_load_all(done.stdout) if o]
    made = {o["metadata"]["name"] for o in objects if o["kind"] == "ConfigMap"}
    for o in objects:
        if fields.models:
            fields.check_object(f"{name} built/{o['kind']}", o, getattr(fields.models, CLASSES[o["kind"]]))
        if o["kind"] in ("Deployment", "DaemonSet"):
            spec = o["spec"]["template"]["spec"]
            claim({v["configMap"]["name"] for v in spec["volumes"]} == made, name, f"makes {made}")
            claim(not name.startswith("overlays") or all(c["image"].startswith("registry.example/") for c in spec["containers"]),
                  name, "an image is not replaced")


def main():
    with open(os.path.join(TOP, "configure.ac"), encoding="utf-8") as f:
        version = re.search(r"AC_INIT\(\[echotimed\], \[(.*?)\]", f.read())[1]
    fields = Fields()
    overlays = sorted(os.listdir(os.path.join(FOLDER, "overlays")))
    bases = sorted(set(os.listdir(FOLDER)) - {"overlays"})
    for name in bases:
        check_base(name, fields)
    for name in overlays:
        check_overlay(name, version)
    if shutil.which("kubectl"):
        for name in [*bases, *(f"overlays/{overlay}" for overlay in overlays)]:
            build(name, fields)
    else:
        print("nothing is built: needs kubectl")
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
