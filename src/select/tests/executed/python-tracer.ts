/**
 * A `sitecustomize` module that any Python loads at its start: it notes which lines of the named files run, in functions and outside of them, and writes them as one line of JSON at the end of the process. It uses `sys.settrace`
 * alone, so that nothing has to be installed, and hands on to the environment's own `sitecustomize`. A program that sets a tracer of its own takes it away.
 */
export const PYTHON_TRACER = String.raw`import atexit
import json
import os
import sys
import threading


def _start():
    targets = set(os.environ["ASSAY_COVERAGE_FILES"].split("\n"))
    folder = os.environ["ASSAY_COVERAGE_FOLDER"]
    executed = {}
    paths = {}
    tracers = {}

    def target_of(filename):
        if filename not in paths:
            path = os.path.realpath(filename)
            paths[filename] = path if path in targets else None
        return paths[filename]

    def tracer_of(code, path):
        # Functions have CO_OPTIMIZED, bodies of modules and classes do not.
        kind = "functions" if code.co_flags & 1 else "import"
        lines = executed.setdefault(path, {"functions": set(), "import": set()})[kind]

        def local(frame, event, _argument):
            if event == "line":
                lines.add(frame.f_lineno)
            return local

        return local

    def trace(frame, _event, _argument):
        code = frame.f_code
        if code not in tracers:
            path = target_of(code.co_filename)
            tracers[code] = None if path is None else tracer_of(code, path)
        return tracers[code]

    def write():
        sys.settrace(None)
        found = {
            path: {kind: sorted(lines) for kind, lines in kinds.items()}
            for path, kinds in executed.items()
        }
        name = os.path.join(folder, "python-%d.json" % os.getpid())
        with open(name, "w") as file:
            file.write(json.dumps(found) + "\n")

    atexit.register(write)
    threading.settrace(trace)
    sys.settrace(trace)


def _hand_on():
    own = sys.modules.pop("sitecustomize")
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [one for one in sys.path if os.path.abspath(one) != here]
    try:
        import sitecustomize
    except ImportError:
        sys.modules["sitecustomize"] = own


_hand_on()
if "ASSAY_COVERAGE_FOLDER" in os.environ:
    _start()
`;
