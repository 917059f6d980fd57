"""The words for programs that cannot be started, end by themselves, or say nothing."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as lazy

from lifecycle.core.answers.causes import Cause
from lifecycle.services.diagnosis.advice import Act, Advice

START = (Act.RESTART, Act.EDIT)
CHANGE = (Act.EDIT, Act.RESTART)
PROGRAMS: dict[Cause, Advice] = {
    Cause.NO_COMMAND: Advice(
        short=lazy("command not found"),
        happened=lazy("Its command is not installed on this machine."),
        cause=lazy("The command is not installed, misspelled, or not in the worker's PATH."),
        todo=(
            lazy("Install it on the console's machine, or enter its full path as the command."),
            lazy("Put arguments into their own field: “npx -y name” is the command npx with two arguments."),
        ),
        acts=START,
    ),
    Cause.NO_INTERPRETER: Advice(
        short=lazy("no interpreter"),
        happened=lazy("Its script exists, but not the interpreter that the script needs."),
        cause=lazy("The first line of the script (#!…) names a program that is not installed at that path."),
        todo=(
            lazy("Install that interpreter, or correct the first line of the script."),
            lazy("If the path ends with ␍, the script has Windows line endings: convert it with dos2unix."),
        ),
        acts=START,
    ),
    Cause.IS_DIRECTORY: Advice(
        short=lazy("is a directory"),
        happened=lazy("Its command is a directory, not a program."),
        cause=lazy("The path is incomplete, or a directory has the name of the command."),
        todo=(lazy("Complete the path in the command, including the program itself."),),
        acts=CHANGE,
    ),
    Cause.NOT_EXECUTABLE: Advice(
        short=lazy("not executable"),
        happened=lazy("Its program exists but is not executable."),
        cause=lazy("The console's user has no permission to execute the file."),
        todo=(
            lazy("Make it executable on the console's machine: chmod +x with its path."),
            lazy(
                "For a script, you can also enter the interpreter as the command and the script as its "
                "argument."
            ),
        ),
        acts=START,
    ),
    Cause.NOT_A_PROGRAM: Advice(
        short=lazy("not a program"),
        happened=lazy("Its command is a file that this machine cannot run."),
        cause=lazy(
            "It was built for another processor or system, is damaged, or is a script without a #! line."
        ),
        todo=(
            lazy("Install the build for this machine's system and processor."),
            lazy("For a script, enter the interpreter as the command and the script as its first argument."),
        ),
        acts=CHANGE,
    ),
    Cause.NO_WORKING_DIRECTORY: Advice(
        short=lazy("no working directory"),
        happened=lazy("Its working directory cannot be used."),
        cause=lazy("The working directory does not exist, or the console's user has no access to it."),
        todo=(
            lazy("Create the directory, or give the console's user access."),
            lazy("Or correct the working directory of the service; it may be empty."),
        ),
        acts=CHANGE,
    ),
    Cause.NO_PACKAGE: Advice(
        short=lazy("package not found"),
        happened=lazy("The package that it runs was not found."),
        cause=lazy(
            "The package or its version is misspelled, was withdrawn, or is private and needs a token."
        ),
        todo=(
            lazy("Compare the package name in the arguments with the server's documentation."),
            lazy("For a private package, give the machine's npm, pip or uv access to its registry."),
        ),
        acts=CHANGE,
    ),
    Cause.NO_REGISTRY: Advice(
        short=lazy("registry unreachable"),
        happened=lazy("It could not download its package."),
        cause=lazy(
            "The console's machine cannot reach the package registry: no network, or a proxy is needed."
        ),
        todo=(
            lazy("Try the same command on the console's machine."),
            lazy("Behind a proxy, set HTTPS_PROXY in its environment, or MCPSTORE_CHILD_NETWORK=1 for all."),
            lazy("Or install the package beforehand, so that nothing is downloaded at start."),
        ),
        acts=START,
    ),
    Cause.NO_MODULE: Advice(
        short=lazy("module missing"),
        happened=lazy("A part of its program is missing."),
        cause=lazy(
            "A file or library that the program loads is not installed, not built, or at another path."
        ),
        todo=(
            lazy("Install the program's dependencies (npm install, pip install …), and build it if needed."),
            lazy("Check the path in the arguments, and that the right Python or Node.js is used."),
        ),
        acts=START,
    ),
    Cause.NO_DOCKER: Advice(
        short=lazy("Docker not running"),
        happened=lazy("It runs in Docker, and Docker does not respond."),
        cause=lazy("The Docker daemon is not running, or the console's user has no access to it."),
        todo=(
            lazy("Start Docker on the console's machine: systemctl start docker, or Docker Desktop."),
            lazy("Add the console's user to the docker group, then restart the console."),
        ),
        acts=(Act.RESTART,),
    ),
    Cause.NO_MEMORY: Advice(
        short=lazy("killed or out of memory"),
        happened=lazy("Its program ran out of memory or was killed."),
        cause=lazy("It exceeded its memory limit, or someone killed it with kill -9."),
        todo=(
            lazy("Check the machine's free memory, and the kernel log for “Out of memory”."),
            lazy("Give the machine or the container more memory, or lower the program's own limit."),
        ),
        acts=START,
    ),
    Cause.PORT_TAKEN: Advice(
        short=lazy("port in use"),
        happened=lazy("A port that its program opens is in use."),
        cause=lazy(
            "The program listens on a port that another process uses, perhaps a second copy of itself."
        ),
        todo=(
            lazy("Stop the other process, or give the program another port."),
            lazy("A server that listens on a port is usually reached by URL: register its address instead."),
        ),
        acts=START,
    ),
    Cause.WRONG_ARGUMENTS: Advice(
        short=lazy("wrong arguments"),
        happened=lazy("Its program does not accept its arguments."),
        cause=lazy("An argument is missing, misspelled, or from another version of the program."),
        todo=(
            lazy("Compare the arguments with the usage that the program prints, below."),
            lazy("Each argument goes on its own line: “--path /data” are two."),
        ),
        acts=CHANGE,
    ),
    Cause.SILENT: Advice(
        short=lazy("silent"),
        happened=lazy("Its program is running, but has not answered in MCP."),
        cause=lazy("It is still starting, waits for something, or does not serve over stdio."),
        todo=(
            lazy("Read its output, if any: some programs need an argument to serve over stdio."),
            lazy("If it just needs longer, increase “Start timeout” in its policy, below."),
        ),
        acts=CHANGE,
    ),
    Cause.DOWNLOADING: Advice(
        short=lazy("still downloading"),
        happened=lazy("Its program was not ready in time; it seems to be downloading."),
        cause=lazy("The package is downloaded first, which takes longer than the start timeout."),
        todo=(
            lazy("Increase “Start timeout” in its policy, below; 300 s should be enough."),
            lazy("Or run the command once manually on the console's machine, as the console's user."),
        ),
        acts=START,
    ),
    Cause.OTHER_OUTPUT: Advice(
        short=lazy("no MCP on stdout"),
        happened=lazy("Its program prints something other than MCP on stdout."),
        cause=lazy(
            "It is not started as an MCP server over stdio: it serves HTTP, or it is another program."
        ),
        todo=(
            lazy("Check its documentation for the argument that selects stdio."),
            lazy("If it listens on a port, register its URL instead of the command."),
            lazy("Your own programs must write their log to stderr, never to stdout."),
        ),
        acts=CHANGE,
    ),
    Cause.NOT_UTF8: Advice(
        short=lazy("not UTF-8"),
        happened=lazy("Its program does not use UTF-8."),
        cause=lazy("MCP requires UTF-8; the program uses its system's encoding, such as Latin-1."),
        todo=(
            lazy("In the service's environment, set PYTHONUTF8=1 for Python, or LANG=C.UTF-8."),
            lazy("For Java, add the argument -Dstdout.encoding=UTF-8."),
        ),
        acts=CHANGE,
    ),
    Cause.CRASHED: Advice(
        short=lazy("crashed"),
        happened=lazy(
            "Its program crashed: the operating system terminated it because of a fault in its code."
        ),
        cause=lazy("A bug in the program or a library, or a build for another processor."),
        todo=(
            lazy("Update the program, or reinstall it on this machine so that its libraries match."),
            lazy("Report it to its author, with the version and its last output."),
        ),
        acts=START,
    ),
    Cause.ENDED_QUIETLY: Advice(
        short=lazy("exited without an error"),
        happened=lazy("Its program exited by itself and reports no error."),
        cause=lazy("It does not keep running as a server, or needs an argument to serve over stdio."),
        todo=(
            lazy("Check its documentation for the argument that starts it over stdio, such as “stdio”."),
            lazy("A wrapper script must run the server in the foreground, preferably with exec."),
        ),
        acts=CHANGE,
    ),
}
