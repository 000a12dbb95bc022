package main

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

type itemResource struct{ api *client }

var (
	_ resource.ResourceWithConfigure   = (*itemResource)(nil)
	_ resource.ResourceWithImportState = (*itemResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*itemResource)(nil)
)

func (*itemResource) Metadata(_ context.Context, _ resource.MetadataRequest, response *resource.MetadataResponse) {
	response.TypeName = "lab_item"
}

func (*itemResource) Schema(_ context.Context, _ resource.SchemaRequest, response *resource.SchemaResponse) {
	response.Schema = itemSchema()
}

func (r *itemResource) Configure(_ context.Context, request resource.ConfigureRequest, _ *resource.ConfigureResponse) {
	if api, ok := request.ProviderData.(*client); ok { // nil while tofu only validates
		r.api = api
	}
}

func (*itemResource) ModifyPlan(ctx context.Context, request resource.ModifyPlanRequest, response *resource.ModifyPlanResponse) {
	var name types.String
	if !request.Plan.Raw.IsNull() { // null: the item is to be destroyed
		response.Diagnostics.Append(request.Plan.GetAttribute(ctx, path.Root("name"), &name)...)
	}
	crashIfAsked(crashPlan, name.ValueString())
}

func (r *itemResource) Create(ctx context.Context, request resource.CreateRequest, response *resource.CreateResponse) {
	var plan itemModel
	response.Diagnostics.Append(request.Plan.Get(ctx, &plan)...)
	if response.Diagnostics.HasError() {
		return
	}
	crashIfAsked(crashApply, plan.Name)
	var made item
	if err := r.api.do(ctx, http.MethodPost, itemsPath(plan.Collection), plan.wire(), &made); err != nil {
		fail(&response.Diagnostics, "create", plan.Collection, plan.Name, err)
		return
	}
	crashIfAsked(crashApplied, plan.Name)
	response.Diagnostics.Append(response.State.Set(ctx, made.model())...)
}

func (r *itemResource) Read(ctx context.Context, request resource.ReadRequest, response *resource.ReadResponse) {
	var collection, id, name types.String // not the whole: after an import nothing else is known
	response.Diagnostics.Append(request.State.GetAttribute(ctx, path.Root("collection"), &collection)...)
	response.Diagnostics.Append(request.State.GetAttribute(ctx, path.Root("id"), &id)...)
	response.Diagnostics.Append(request.State.GetAttribute(ctx, path.Root("name"), &name)...)
	if response.Diagnostics.HasError() {
		return
	}
	crashIfAsked(crashRead, name.ValueString())
	var found item
	err := r.api.do(ctx, http.MethodGet, itemPath(collection.ValueString(), id.ValueString()), nil, &found)
	if isGone(err) {
		response.State.RemoveResource(ctx)
		return
	}
	if err != nil {
		fail(&response.Diagnostics, "read", collection.ValueString(), id.ValueString(), err)
		return
	}
	response.Diagnostics.Append(response.State.Set(ctx, found.model())...)
}

func (r *itemResource) Update(ctx context.Context, request resource.UpdateRequest, response *resource.UpdateResponse) {
	var plan itemModel
	response.Diagnostics.Append(request.Plan.Get(ctx, &plan)...)
	if response.Diagnostics.HasError() {
		return
	}
	crashIfAsked(crashApply, plan.Name)
	var updated item
	if err := r.api.do(ctx, http.MethodPut, itemPath(plan.Collection, plan.ID.ValueString()), plan.wire(), &updated); err != nil {
		fail(&response.Diagnostics, "update", plan.Collection, plan.Name, err)
		return
	}
	crashIfAsked(crashApplied, plan.Name)
	response.Diagnostics.Append(response.State.Set(ctx, updated.model())...)
}

func (r *itemResource) Delete(ctx context.Context, request resource.DeleteRequest, response *resource.DeleteResponse) {
	var state itemModel
	response.Diagnostics.Append(request.State.Get(ctx, &state)...)
	if response.Diagnostics.HasError() {
		return
	}
	crashIfAsked(crashApply, "") // by LAB_CRASH only: an item that crashes by its name can still be destroyed
	err := r.api.do(ctx, http.MethodDelete, itemPath(state.Collection, state.ID.ValueString()), nil, nil)
	if err != nil && !isGone(err) {
		fail(&response.Diagnostics, "delete", state.Collection, state.Name, err)
		return
	}
	crashIfAsked(crashApplied, "")
}

func (*itemResource) ImportState(ctx context.Context, request resource.ImportStateRequest, response *resource.ImportStateResponse) {
	collection, id, found := strings.Cut(request.ID, "/")
	if !found || collection == "" || id == "" || strings.Contains(id, "/") {
		response.Diagnostics.AddError("Wrong import id", "Expected COLLECTION/ID, got: "+request.ID)
		return
	}
	response.Diagnostics.Append(response.State.SetAttribute(ctx, path.Root("collection"), collection)...)
	response.Diagnostics.Append(response.State.SetAttribute(ctx, path.Root("id"), id)...)
}

func isGone(err error) bool {
	var answer *apiError
	return errors.As(err, &answer) && answer.status == http.StatusNotFound
}

func fail(diagnostics *diag.Diagnostics, verb, collection, name string, err error) {
	diagnostics.AddError("Cannot "+verb+" lab item "+collection+"/"+name, err.Error())
}
