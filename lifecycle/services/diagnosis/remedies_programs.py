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
        happened=lazy("The command that starts it is not on this machine."),
        cause=lazy("The command is not installed, misspelt, or not in the search path (PATH) of the worker."),
        todo=(
            lazy("Install it on the console's machine, or give its full path in the command."),
            lazy(
                "Arguments belong into their own field: “npx -y name” is the command npx with two arguments."
            ),
        ),
        acts=START,
    ),
    Cause.NO_INTERPRETER: Advice(
        short=lazy("no interpreter"),
        happened=lazy("Its script is there, but not the interpreter that the script asks for."),
        cause=lazy("The first line of the script (#!…) names a program that is not installed at that path."),
        todo=(
            lazy("Install that interpreter, or correct the first line of the script."),
            lazy("If the path ends with ␍, the script has Windows line ends: convert it with dos2unix."),
        ),
        acts=START,
    ),
    Cause.IS_DIRECTORY: Advice(
        short=lazy("is a directory"),
        happened=lazy("Its command is a directory, not a program."),
        cause=lazy("The path stops too early, or a directory has the name of the command."),
        todo=(lazy("Complete the path in the command, up to the program itself."),),
        acts=CHANGE,
    ),
    Cause.NOT_EXECUTABLE: Advice(
        short=lazy("not executable"),
        happened=lazy("Its program is there, but may not be executed."),
        cause=lazy("The file lacks the permission to be run by the console's user."),
        todo=(
            lazy("Make it executable: chmod +x with its path, on the console's machine."),
            lazy(
                "Of a script you can also give the interpreter as the command and the script as its argument."
            ),
        ),
        acts=START,
    ),
    Cause.NOT_A_PROGRAM: Advice(
        short=lazy("not a program"),
        happened=lazy("Its command names a file that this machine cannot run."),
        cause=lazy(
            "It was built for another processor or system, is damaged, or is a script without a #! line."
        ),
        todo=(
            lazy("Install the build for this machine's system and processor."),
            lazy("Of a script give the interpreter as the command and the script as its first argument."),
        ),
        acts=CHANGE,
    ),
    Cause.NO_WORKING_DIRECTORY: Advice(
        short=lazy("no working directory"),
        happened=lazy("The directory in which it is to run cannot be used."),
        cause=lazy("The working directory does not exist, or the console's user may not enter it."),
        todo=(
            lazy("Create the directory, or let the console's user in."),
            lazy("Or correct the working directory of the service; empty is allowed."),
        ),
        acts=CHANGE,
    ),
    Cause.NO_PACKAGE: Advice(
        short=lazy("package not found"),
        happened=lazy("The package that it runs could not be found."),
        cause=lazy("The package or its version is misspelt, was withdrawn, or is private and needs a token."),
        todo=(
            lazy("Compare the package name in the arguments with the server's documentation."),
            lazy("For a private package, give the machine's npm, pip or uv access to its registry."),
        ),
        acts=CHANGE,
    ),
    Cause.NO_REGISTRY: Advice(
        short=lazy("no package registry"),
        happened=lazy("It could not download its package."),
        cause=lazy(
            "The console's machine does not reach the package registry: no network, or a proxy is needed."
        ),
        todo=(
            lazy("Try the same command on the console's machine."),
            lazy("Behind a proxy set HTTPS_PROXY in its environment, or MCPSTORE_CHILD_NETWORK=1 for all."),
            lazy("Or install the package beforehand, so that nothing is downloaded at the start."),
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
        short=lazy("no Docker"),
        happened=lazy("It runs in Docker, and Docker does not answer."),
        cause=lazy("The Docker daemon is not running, or the console's user may not use it."),
        todo=(
            lazy("Start Docker on the console's machine: systemctl start docker, or Docker Desktop."),
            lazy("Put the console's user into the group docker, then restart the console."),
        ),
        acts=(Act.RESTART,),
    ),
    Cause.NO_MEMORY: Advice(
        short=lazy("killed or out of memory"),
        happened=lazy("Its program ran out of memory, or was killed."),
        cause=lazy("It needed more memory than it may have, or somebody ended it with kill -9."),
        todo=(
            lazy("Look at the free memory of the machine, and in the kernel's log for “Out of memory”."),
            lazy("Give the machine or the container more memory, or the program a smaller limit of its own."),
        ),
        acts=START,
    ),
    Cause.PORT_TAKEN: Advice(
        short=lazy("port in use"),
        happened=lazy("A port that its program opens is in use."),
        cause=lazy(
            "The program listens on a port, and another process has it: perhaps a second copy of itself."
        ),
        todo=(
            lazy("End the other process, or give the program another port."),
            lazy("A server that listens on a port is often reached by URL: then register its address."),
        ),
        acts=START,
    ),
    Cause.WRONG_ARGUMENTS: Advice(
        short=lazy("wrong arguments"),
        happened=lazy("Its program does not accept the arguments that it was given."),
        cause=lazy("An argument is missing, misspelt, or from another version of the program."),
        todo=(
            lazy("Compare the arguments with the usage that the program prints, below."),
            lazy("Each argument stands on a line of its own: “--path /data” are two."),
        ),
        acts=CHANGE,
    ),
    Cause.SILENT: Advice(
        short=lazy("says nothing"),
        happened=lazy("Its program runs, but has not answered in MCP."),
        cause=lazy("It is still starting, waits for something, or does not serve over stdio."),
        todo=(
            lazy("Read what it printed, if anything: some programs need an argument to serve over stdio."),
            lazy("If it only needs longer, raise “Start timeout” in its policy, below."),
        ),
        acts=CHANGE,
    ),
    Cause.DOWNLOADING: Advice(
        short=lazy("still downloading"),
        happened=lazy("Its program was not ready in time; it seems to be downloading."),
        cause=lazy("The package is downloaded before that, which takes longer than the limit for a start."),
        todo=(
            lazy("Raise “Start timeout” in its policy, below; 300 s are plenty."),
            lazy("Or run the command once by hand on the console's machine, as the console's user."),
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
            lazy("Look in its documentation for the argument that selects stdio."),
            lazy("If it listens on a port, register its URL instead of the command."),
            lazy("A program of your own must write its log to stderr, never to stdout."),
        ),
        acts=CHANGE,
    ),
    Cause.NOT_UTF8: Advice(
        short=lazy("not UTF-8"),
        happened=lazy("Its program answers in another encoding than UTF-8."),
        cause=lazy("MCP is UTF-8; the program writes in the encoding of its system, such as Latin-1."),
        todo=(
            lazy("In the service's environment set PYTHONUTF8=1 for Python, or LANG=C.UTF-8."),
            lazy("For Java add the argument -Dstdout.encoding=UTF-8."),
        ),
        acts=CHANGE,
    ),
    Cause.CRASHED: Advice(
        short=lazy("crashed"),
        happened=lazy("Its program crashed: the operating system ended it for a fault in its code."),
        cause=lazy("A bug in the program or a library, or one that was built for another processor."),
        todo=(
            lazy("Update the program, or install it again on this machine so that its libraries fit."),
            lazy("Tell its author, with the version and what it printed last."),
        ),
        acts=START,
    ),
    Cause.ENDED_QUIETLY: Advice(
        short=lazy("ended without an error"),
        happened=lazy("Its program ended by itself, and reports no error."),
        cause=lazy("It is no server that stays, or it needs an argument to serve over stdio."),
        todo=(
            lazy("Look in its documentation for the argument that starts it over stdio, like “stdio”."),
            lazy("A wrapper script must run the server in the foreground, best with exec."),
        ),
        acts=CHANGE,
    ),
}
