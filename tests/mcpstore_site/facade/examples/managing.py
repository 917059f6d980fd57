"""The whole life of some services, from registration to stop. Their configuration comes on standard input."""

from __future__ import annotations

import json
import sys

from mcpstore_site.store import MCPStore


def main() -> None:
    store = MCPStore()
    service_config = json.load(sys.stdin)
    store.add_service(service_config)
    print("registered")

    services = list(service_config["mcpServers"])
    for service_name in services:
        success = store.start_service(service_name)
        print(f"{service_name}: {'started' if success else 'not started'}")

    for service_name in services:
        status = store.get_service_status(service_name)
        info = store.get_service_info(service_name)
        print(f"{service_name}: {status} (tools: {len(info.get('tools', []))})")

    tools = store.list_tools()
    print(f"tools in all: {len(tools)}")
    result = store.call_tool(tools[0]["name"], {"message": "hello"})
    print(f"{tools[0]['name']}: {result.text}")

    health_results = store.check_services()
    for service_name, health in health_results.items():
        print(f"{service_name}: {'healthy' if health['healthy'] else 'not healthy'}, {health['status']}")

    for service_name in reversed(services):
        success = store.stop_service(service_name)
        print(f"{service_name}: {'stopped' if success else 'not stopped'}")
    print([store.get_service_status(service_name) for service_name in services])


if __name__ == "__main__":
    main()
