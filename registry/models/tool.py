"""What a service offers, as it last said; lists are always read from here."""

from __future__ import annotations

from django.db import models

from registry.models.scoped import Scoped
from registry.models.service import Service


class Tool(models.Model):
    """One tool of a service, of a pinned one as it was approved.

    `problem` says why a tool that could not be parsed is kept by name only. New tools come last, whatever
    place the service gives them: a list that is only shuffled is not written again.
    """

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="tools")
    position = models.PositiveIntegerField()
    name = models.CharField(max_length=500)
    title = models.CharField(max_length=500, default="", blank=True)
    description = models.TextField(default="", blank=True)
    input_schema = models.JSONField(default=dict)
    output_schema = models.JSONField(null=True)
    annotations = models.JSONField(default=dict)
    problem = models.CharField(max_length=500, default="", blank=True)
    digest = models.CharField(max_length=64, default="", blank=True)
    tokens = models.PositiveIntegerField(null=True, help_text="estimated cost of its definition")

    objects = Scoped["Tool"]()

    class Meta:
        ordering = ["position"]
        indexes = [models.Index(fields=["service", "position"], name="tool_order")]

    def __str__(self) -> str:
        return self.name


class ContentItem(models.Model):
    """A resource, resource template or prompt of a service."""

    class Kind(models.TextChoices):
        RESOURCE = "resource"
        TEMPLATE = "template"
        PROMPT = "prompt"

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="content")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    position = models.PositiveIntegerField()
    name = models.CharField(max_length=500)
    data = models.JSONField(default=dict)
    digest = models.CharField(max_length=64, default="", blank=True)

    objects = Scoped["ContentItem"]()

    class Meta:
        ordering = ["kind", "position"]

    def __str__(self) -> str:
        return self.name
