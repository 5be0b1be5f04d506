"""The project's own tasks. They know nothing of who calls them."""

import nox


@nox.session(name="build-python", python=False)
def build_python(session):
    """The wheel and the source archive, in dist/."""
    session.run("uv", "build", "--quiet", external=True)


@nox.session(name="publish-python", python=False)
def publish_python(session):
    """What is in dist/, to the index that the environment names."""
    session.run("uv", "publish", "--no-progress", external=True)


@nox.session(name="build-container", python=False)
def build_container(session):
    """The image, of the wheel in dist/."""
    session.run("docker", "build", "--quiet", "--tag", "tasks-service:latest", ".", external=True, env={"DOCKER_BUILDKIT": "0"})
