package monitor

import (
	"net/mail"
	"strings"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
)

// actionGroupRegions are where an action group can live; nearly all are global.
// Source: https://learn.microsoft.com/azure/azure-monitor/alerts/action-groups
var actionGroupRegions = []string{"global", "swedencentral", "germanywestcentral", "northcentralus", "southcentralus",
	"eastus2euap"}

// receiverLists are the properties that list receivers, and whether these can be told to use the common alert schema.
// Source: https://learn.microsoft.com/rest/api/monitor/action-groups/create-or-update
var receiverLists = []struct {
	property     string
	commonSchema bool
}{
	{"armRoleReceivers", true}, {"automationRunbookReceivers", true}, {"azureAppPushReceivers", false},
	{"azureFunctionReceivers", true},
	{"emailReceivers", true}, {"eventHubReceivers", true}, {"itsmReceivers", false}, {"logicAppReceivers", true},
	{"smsReceivers", false},
	{"voiceReceivers", false}, {"webhookReceivers", true},
}

func actionGroups() *arm.Type {
	return &arm.Type{
		Name:      actionGroupType,
		Regions:   actionGroupRegions,
		CheckName: nameRule("action group", `:<>+/&%\?|`),
		Put:       putActionGroup,
	}
}

func putActionGroup(_ *arm.Call, w *arm.Write) *arm.Error {
	props := w.New.Properties()
	if strings.TrimSpace(jsonbody.Text(props, "groupShortName")) == "" {
		return arm.BadRequest("InvalidActionGroup", "groupShortName is empty: it must have 1 to 12 characters.")
	}
	names := map[string]bool{}
	for _, list := range receiverLists {
		if props[list.property] == nil {
			props[list.property] = []any{}
		}
		for _, receiver := range jsonbody.Objects(props, list.property) {
			name := strings.ToLower(jsonbody.Text(receiver, "name"))
			if name == "" || names[name] {
				return arm.BadRequest("ReceiverNameIsNotUnique", "The receiver name '%s' in %s is empty or not "+
					"unique: names must be unique across all receivers of an action group.",
					jsonbody.Text(receiver, "name"),
					list.property)
			}
			names[name] = true
			if list.commonSchema {
				jsonbody.SetDefault(receiver, "useCommonAlertSchema", false)
			}
			if aerr := checkReceiver(list.property, receiver); aerr != nil {
				return aerr
			}
		}
	}
	return nil
}

// checkReceiver checks addresses and adds whether the receiver is active.
func checkReceiver(list string, receiver map[string]any) *arm.Error {
	switch list {
	case "emailReceivers":
		address := jsonbody.Text(receiver, "emailAddress")
		if parsed, err := mail.ParseAddress(address); err != nil || parsed.Address != address {
			return arm.BadRequest("InvalidEmailAddress", "The email address '%s' of receiver '%s' is not valid.",
				address, jsonbody.Text(receiver, "name"))
		}
		receiver["status"] = "Enabled"
	case "smsReceivers":
		receiver["status"] = "Enabled"
	case "webhookReceivers":
		if uri := strings.ToLower(jsonbody.Text(receiver, "serviceUri")); !strings.HasPrefix(uri, "https://") &&
			!strings.HasPrefix(uri, "http://") {
			return arm.BadRequest("InvalidServiceUri", "The serviceUri of receiver '%s' is not an http or https URL.",
				jsonbody.Text(receiver, "name"))
		}
		jsonbody.SetDefault(receiver, "useAadAuth", false)
	}
	return nil
}
